import type { ConnectionWork, TestStep } from '../../connector/contract.ts';
import { testSteps } from '../../connector/test-steps.ts';
import { type Egress, explainSocketError } from '../../egress/egress.ts';
import { isTold } from '../../errors.ts';
import type { S3Credentials, credentialsFields } from './credentials-fields.ts';
import type { detailsFields } from './details-fields.ts';
import { explain } from './explain.ts';
import { placeOf } from './object-headers.ts';
import { sdkParts } from './sdk-parts.ts';
import { openStore, tlsOf } from './store.ts';
import { type Probe, beginProbe, endProbe, probeKey, sendProbe } from './write-probe.ts';

type Work = ConnectionWork<typeof credentialsFields, typeof detailsFields>;
type Steps = Readonly<Record<string, () => Promise<string>>>;

/** Where the bucket is spoken to. */
function addressOf({ endpoint, bucket, region, pathStyle }: S3Credentials) {
  const china = region.startsWith('cn-') ? '.cn' : '';
  const url = new URL(endpoint ?? `https://s3.${region}.amazonaws.com${china}`);
  const secure = url.protocol === 'https:';
  const name = url.hostname.replace(/^\[|\]$/g, '');
  const host = endpoint === undefined || pathStyle ? name : `${bucket}.${name}`;
  return { host, port: Number(url.port) || (secure ? 443 : 80), secure };
}

function resolve(egress: Egress, host: string, port: number): Promise<string> {
  return new Promise((done, fail) => {
    egress.lookup(host, { all: true }, (error, addresses) => {
      if (error) return fail(explainSocketError(error, host, port));
      const found = Array.isArray(addresses) ? addresses.map(({ address }) => address) : [addresses];
      done(`${host} is ${found.join(', ')}`);
    });
  });
}

function reachSteps({ egress, signal, credentials }: Work): Steps {
  const { host, port, secure } = addressOf(credentials);
  const connect = async () => {
    (await egress.connect({ host, port, signal })).destroy();
    return `port ${port} answers`;
  };
  const certificate = async () => {
    const socket = await egress.connectTls({ host, port, signal }, tlsOf(credentials));
    const { subject, valid_to: until } = socket.getPeerCertificate();
    socket.destroy();
    return `${String(subject?.CN ?? host)}, valid until ${until}`;
  };
  const steps = { resolve: () => resolve(egress, host, port), connect };
  return secure ? { ...steps, certificate } : steps;
}

/** Refusals that have to do with what may be written where; all others come before the keys are accepted. */
const permissionCodes = /access-denied|bucket|kms-key|storage|key-refused|not-supported|s3-unload-refused/;

/** Does something with the store; its errors become told ones. */
async function told<T>({ credentials, details, signal }: Work, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    signal.throwIfAborted();
    throw explain(error, placeOf(credentials, probeKey(details)));
  }
}

/** The steps that need the keys, and what must be put away after them, however they end. */
function writeSteps(work: Work): { readonly steps: Steps; end(): Promise<void> } {
  const { details } = work;
  let store: Awaited<ReturnType<typeof openStore>> | undefined;
  let probe: Probe | undefined;
  let refusal: unknown;
  const begin = async () => {
    store = await openStore(work, sdkParts);
    probe = await beginProbe(store, details);
  };
  const signIn = async () => {
    refusal = await told(work, begin).catch((error: unknown) => error);
    if (refusal !== undefined && !(isTold(refusal) && permissionCodes.test(refusal.code))) throw refusal;
    return 'the keys are accepted';
  };
  const permission = async () => {
    if (refusal !== undefined) throw refusal;
    return `may write ${probeKey(details)}`;
  };
  const remove = async () => {
    const [where, what] = [store, probe];
    probe = undefined;
    return where && what ? endProbe(where, what) : 'nothing to remove';
  };
  const send = () =>
    told(work, async () => (store && probe ? sendProbe(store, probe, details) : 'nothing to send'));
  return {
    steps: { 'sign in': signIn, permission, 'write probe': send, 'clean up': remove },
    async end() {
      await remove();
      store?.close();
    },
  };
}

/**
 * Resolve, connect, certificate (https), sign in, permission, write probe, clean up.
 * The probe is a multipart upload that is aborted: it needs nothing but s3:PutObject, and nothing is ever visible.
 */
export async function* testConnection(work: Work): AsyncGenerator<TestStep> {
  const writing = writeSteps(work);
  try {
    yield* testSteps({ ...reachSteps(work), ...writing.steps });
  } finally {
    // The person may stop looking, or cancel, between two steps.
    await writing.end();
  }
}
