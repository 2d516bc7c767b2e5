import { mkdir } from 'node:fs/promises';
import type { KeyRing } from '../account/key-ring.ts';
import { openKeyRing } from '../account/open-key-ring.ts';
import { egressRules, givenMasterKeys, storePlace } from '../config.ts';
import type { Registry } from '../connector/registry.ts';
import { addressPolicy } from '../egress/address-policy.ts';
import { type Egress, createEgress } from '../egress/egress.ts';
import { UserError } from '../errors.ts';
import type { Log } from '../log.ts';
import { type Engine, openEngine } from '../run/engine.ts';
import { reviveRuns } from '../run/run.ts';
import type { Db } from '../store/database.ts';
import { explainStoreError } from '../store/explain-store-error.ts';
import { type Store, openStore } from '../store/open.ts';
import type { Traces } from '../traces.ts';
import { recordBlocked, tellBlocked } from './blocked-attempts.ts';
import { openTraces } from './open-traces.ts';
import { traceSettings } from './trace-settings.ts';

/** What every role works with. */
export interface Service extends Pick<Store, 'pool'> {
  readonly db: Db;
  readonly engine: Engine;
  readonly keyRing: KeyRing;
  readonly registry: Registry;
  readonly egress: Egress;
  readonly dataFolder: string;
  readonly log: Log;
  /** None where the operator has named no collector. */
  readonly traces: Traces | undefined;
}

/** What a service is opened with. */
export interface ServiceOptions {
  readonly registry: Registry;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly version: string;
}

/** The key file lies here also when the database is elsewhere. Throws UserError `start-data-folder`. */
async function prepareDataFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const sentence = `The data folder ${folder} cannot be made: ${(cause as Error).message}.`;
    throw new UserError('start-data-folder', sentence, {
      remedy: 'Name another one in WRITEBACK_DATA.',
      cause,
    });
  }
}

/** Runs that a dump brought without their jobs get them. */
async function openQueue(
  { kysely, bossOptions }: Store,
  log: Log,
  stack: AsyncDisposableStack,
): Promise<Engine> {
  const engine = await openEngine(bossOptions, log).catch((error: unknown) => {
    throw explainStoreError(error);
  });
  stack.defer(() => engine.stop());
  await reviveRuns(kysely, engine);
  return engine;
}

/**
 * Opens the database, the key ring and the queue. What was opened is closed by `stack`, the last first; so is what opened
 * before something else could not. Throws what these throw: a database that is down is a TemporaryError `store-unreachable`.
 */
export async function openService(
  { registry, log, signal, version }: ServiceOptions,
  stack: AsyncDisposableStack,
): Promise<Service> {
  // The rules are checked before anything is opened.
  const egress = createEgress(addressPolicy({ ...egressRules(), onBlocked: tellBlocked }));
  const { databaseUrl, dataFolder } = storePlace();
  const told = traceSettings();
  const traces = told && (await openTraces(told, { log, version }, stack));
  // The embedded server makes the folder itself: it may belong to another user.
  if (databaseUrl !== undefined) await prepareDataFolder(dataFolder);
  const store = await openStore({ databaseUrl, dataFolder }, log, signal);
  stack.defer(() => store.close());
  const { kysely: db, pool } = store;
  recordBlocked(db, log, stack);
  const keyRing = await openKeyRing(db, givenMasterKeys(), dataFolder);
  const engine = await openQueue(store, log, stack);
  return { db, pool, engine, keyRing, registry, egress, dataFolder, log, traces };
}
