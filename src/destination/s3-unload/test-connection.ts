import type { ConnectionWork, TestStep } from '../../connector/contract.ts';
import { type Egress, explainSocketError } from '../../egress/egress.ts';
import { isTold } from '../../errors.ts';
import type { S3Credentials, credentialsFields } from './credentials-fields.ts';
import type { detailsFields } from './details-fields.ts';
import { explain } from './explain.ts';
import { placeOf } from './object-headers.ts';
import { type Store, openStore } from './store.ts';
import { type Probe, beginProbe, endProbe, probeKey, sendProbe } from './write-probe.ts';

type Work = ConnectionWork<typeof credentialsFields, typeof detailsFields>;

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
      done(found.join(', '));
    });
  });
}

type Outcome<T> = { readonly step: TestStep } & (
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: string }
);

/** Does one step, and tells it with its time. */
async function tried<T>(
  work: Work,
  name: string,
  act: () => Promise<T>,
  say: (value: T) => string,
): Promise<Outcome<T>> {
  const began = performance.now();
  const time = () => Math.round(performance.now() - began);
  try {
    const value = await act();
    return { ok: true, value, step: { name, ok: true, time: time(), message: say(value) } };
  } catch (error) {
    work.signal.throwIfAborted();
    const told = explain(error, placeOf(work.credentials, probeKey(work.details)));
    const remedy = isTold(told) ? told.remedy : undefined;
    const code = isTold(told) ? told.code : '';
    return { ok: false, code, step: { name, ok: false, time: time(), message: told.message, remedy } };
  }
}

/** Refusals that come before any question of permission. */
const signInCodes =
  /login-refused|clock-skew|wrong-region|no-credentials|keys-missing|not-s3|unavailable|connection-lost/;

async function* reach(work: Work): AsyncGenerator<TestStep, boolean> {
  const { egress, signal, credentials } = work;
  const { host, port, secure } = addressOf(credentials);
  const resolved = await tried(
    work,
    'resolve',
    () => resolve(egress, host, port),
    (found) => `${host} is ${found}`,
  );
  yield resolved.step;
  if (!resolved.ok) return false;
  const open = async () => void (await egress.connect({ host, port, signal })).destroy();
  const connected = await tried(work, 'connect', open, () => `port ${port} answers`);
  yield connected.step;
  if (!connected.ok || !secure) return connected.ok;
  const openTls = async () => {
    const socket = await egress.connectTls({ host, port, signal });
    const { subject, valid_to: until } = socket.getPeerCertificate();
    socket.destroy();
    return `${String(subject?.CN ?? host)}, valid until ${until}`;
  };
  const verified = await tried(work, 'certificate', openTls, (seen) => seen);
  yield verified.step;
  return verified.ok;
}

async function* probe(work: Work, store: Store): AsyncGenerator<TestStep> {
  const begun = await tried(
    work,
    'sign in',
    () => beginProbe(store, work.details),
    () => 'the keys are accepted',
  );
  if (begun.ok) {
    yield* tryWriting(work, store, begun.value, begun.step);
  } else if (signInCodes.test(begun.code)) {
    yield begun.step;
  } else {
    yield { name: 'sign in', ok: true, time: begun.step.time, message: 'the keys are accepted' };
    yield { ...begun.step, name: begun.code.endsWith('bucket') ? 'bucket' : 'permission', time: 0 };
  }
}

async function* tryWriting(
  work: Work,
  store: Store,
  probe: Probe,
  begun: TestStep,
): AsyncGenerator<TestStep> {
  let removed = false;
  const remove = () => {
    removed = true;
    return endProbe(store, probe);
  };
  try {
    yield begun;
    const sending = () => sendProbe(store, probe, work.details);
    const sent = await tried(
      work,
      'write probe',
      sending,
      (parts) => `${parts} part(s) of ${probe.key} accepted`,
    );
    const cleaned = await tried(work, 'clean up', remove, (message) => message);
    yield sent.step;
    if (sent.ok) yield cleaned.step;
  } finally {
    // The person may stop looking, or cancel, between two steps.
    if (!removed) await remove();
  }
}

/**
 * Resolve, connect, certificate (https), sign in, permission (only when it fails), write probe, clean up.
 * The probe is a multipart upload that is aborted: it needs nothing but s3:PutObject, and nothing is ever visible.
 */
export async function* testConnection(work: Work): AsyncGenerator<TestStep> {
  const reached = yield* reach(work);
  if (!reached) return;
  const opened = await tried(
    work,
    'sign in',
    () => openStore(work),
    () => '',
  );
  if (!opened.ok) {
    yield opened.step;
    return;
  }
  try {
    yield* probe(work, opened.value);
  } finally {
    opened.value.close();
  }
}
