import { randomBytes } from 'node:crypto';
import type { Document, MongoClient } from 'mongodb';
import type { TestStep } from '../../connector/contract.ts';
import { testSteps } from '../../connector/test-steps.ts';
import { type MongoWork, connectClient, createClient, firstReachable, serverAddress } from './client.ts';
import { explain } from './explain.ts';
import { dropIfThere, tryRename } from './staging.ts';

/** What the steps share. */
interface Trial {
  readonly work: MongoWork;
  readonly client: MongoClient;
  readonly ca: string | undefined;
  /** Names of its own, so that two tests at once do not meet. */
  readonly probe: string;
  readonly renamed: string;
}

async function connect({ client, work }: Trial): Promise<string> {
  const place = await firstReachable(client, work.egress, work.signal);
  return place
    ? `${place.host}:${place.port} answers`
    : `${serverAddress(work.credentials)} is looked up in DNS`;
}

async function certificate({ client, work, ca }: Trial): Promise<string> {
  const place = await firstReachable(client, work.egress, work.signal);
  if (!place) return 'Verified for each host when signing in';
  const socket = await work.egress
    .connectTls({ ...place, signal: work.signal }, ca === undefined ? {} : { ca })
    .catch((error: unknown) => {
      throw explain(error, serverAddress(work.credentials));
    });
  const { subject, valid_to: until } = socket.getPeerCertificate();
  socket.destroy();
  return `${String(subject?.CN ?? 'certificate')}, valid until ${until}`;
}

async function signIn({ client, work }: Trial): Promise<string> {
  await connectClient(client, work);
  const admin = client.db('admin');
  const build = await admin.command({ buildInfo: 1 });
  const status = await admin.command({ connectionStatus: 1 }).catch((): Document => ({}));
  const users =
    (status['authInfo'] as { authenticatedUsers?: { user: string }[] } | undefined)?.authenticatedUsers ?? [];
  return `MongoDB ${build['version']}, ${users[0] ? `signed in as ${users[0].user}` : 'without a user'}`;
}

async function permission({ client, work, probe }: Trial): Promise<string> {
  await client.db(work.credentials.databaseName).command({ create: probe });
  return `May create collections in ${work.credentials.databaseName}`;
}

async function writeProbe({ client, work, probe, renamed }: Trial): Promise<string> {
  const db = client.db(work.credentials.databaseName);
  await db.collection(probe).insertOne({ probe: true }, { writeConcern: { w: 'majority' } });
  await db.collection(probe).deleteOne({ probe: true }, { writeConcern: { w: 'majority' } });
  const canRename = await tryRename(db, probe, renamed);
  return canRename
    ? 'Inserted, deleted, renamed'
    : 'Inserted, deleted; collections cannot be renamed here, so Replace works in place';
}

/** A step whose errors are told. */
function told(trial: Trial, step: (trial: Trial) => Promise<string>): () => Promise<string> {
  return async () => {
    try {
      return await step(trial);
    } catch (error) {
      trial.work.signal.throwIfAborted();
      throw explain(error, serverAddress(trial.work.credentials));
    }
  };
}

/** Tries everything that a run needs, step by step, and removes what it made. */
export async function* testConnection(work: MongoWork): AsyncGenerator<TestStep> {
  const id = randomBytes(6).toString('hex');
  let trial: Trial | undefined;
  const start = async () => {
    const { client, ca } = await createClient(work);
    trial = { work, client, ca, probe: `writeback-test-${id}`, renamed: `writeback-test-${id}-renamed` };
    return trial;
  };
  try {
    for await (const step of testSteps({ connect: async () => connect(await start()) })) {
      yield step;
      if (!step.ok) return;
    }
    if (!trial) return;
    const steps = {
      signIn: told(trial, signIn),
      permission: told(trial, permission),
      probe: told(trial, writeProbe),
    };
    yield* testSteps({
      ...(trial.client.options.tls ? { certificate: told(trial, certificate) } : {}),
      'sign in': steps.signIn,
      permission: steps.permission,
      'write probe': steps.probe,
    });
  } finally {
    if (trial) await tidy(trial);
  }
}

async function tidy({ client, work, probe, renamed }: Trial): Promise<void> {
  try {
    // A client that never connected would spend its whole time limit on looking for a server.
    const db = client.db(work.credentials.databaseName);
    const connected = (
      client as unknown as { topology?: { isConnected(): boolean } }
    ).topology?.isConnected();
    for (const name of connected ? [probe, renamed] : []) await dropIfThere(db, name);
  } catch (error) {
    const { code } = error as { code?: unknown };
    work.log.warn('The probe collection of the connection test could not be dropped.', { probe, code });
  } finally {
    await client.close().catch(() => {});
  }
}
