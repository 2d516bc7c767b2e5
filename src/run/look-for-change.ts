import type { Egress } from '../egress/egress.ts';
import { UserError } from '../errors.ts';
import type { Log } from '../log.ts';
import { datasetIdOf, withSource } from '../source/create-source.ts';
import { runBefore } from '../store/run.ts';
import { lockSchedule, saveSeenState } from '../store/schedule.ts';
import { type Writeback, findWriteback } from '../store/writeback.ts';
import { findWritebackVersion } from '../store/writeback-version.ts';
import { type AssemblyParts, type Definition, assemble } from './definition.ts';
import type { Engine } from './engine.ts';
import { hideSecrets } from './hide-secrets.ts';
import { namedLocalDataset } from './local-dataset-source.ts';
import { scopedLog } from './scoped-log.ts';
import { startIdle } from './start-idle.ts';

/** What is looked with. */
export interface LookParts extends AssemblyParts {
  readonly engine: Engine;
  readonly egress: Egress;
  readonly log: Log;
}

/**
 * Looks whether the DataSet of a writeback is in another state than at the last look, and runs the writeback if it is; the
 * first look only remembers. While a run is on its way nothing is remembered, so that the next look sees the change.
 * A DataSet that may not be looked at is told by a run that fails for the same reason, once.
 */
export async function lookForChange(
  writebackId: string,
  parts: LookParts,
  signal: AbortSignal,
): Promise<void> {
  const writeback = await findWriteback(parts.db, writebackId);
  const stated = writeback && (await findWritebackVersion(parts.db, writebackId, writeback.version));
  if (!writeback || !stated) return;
  try {
    const state = await stateOf(writeback, stated.definition as Definition, parts, signal);
    if (state !== undefined) await compare(writebackId, state, parts);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    await showRefusal(writeback, parts);
  }
}

/** When the DataSet was changed last, as the source says. */
async function stateOf(
  writeback: Writeback,
  definition: Definition,
  parts: LookParts,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { source } = definition;
  if (source['kind'] === 'local') {
    const { id, updatedAt } = await namedLocalDataset(parts.db, source);
    return `${id} ${updatedAt.toISOString()}`;
  }
  const assembled = await assemble(definition, writeback, parts);
  const log = scopedLog(parts.log);
  hideSecrets(assembled, parts.registry, log);
  const { source: spec } = assembled;
  return withSource(spec, { ...parts, log }, async (domo) => {
    const { id, updatedAt } = await domo.describe(datasetIdOf(spec), signal);
    return updatedAt === undefined ? undefined : `${id} ${updatedAt}`;
  });
}

const wanted = (writebackId: string) => [{ writebackId, cause: 'change' as const, dueAt: null }];

async function compare(writebackId: string, state: string, { db, engine }: LookParts): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    const schedule = await lockSchedule(transaction, writebackId);
    if (!schedule || schedule.seenState === state) return;
    if (schedule.seenState !== null) {
      const [started] = await startIdle(transaction, engine, wanted(writebackId));
      if (!started) return;
    }
    await saveSeenState(transaction, writebackId, state);
  });
}

async function showRefusal({ id, lastRunNumber }: Writeback, { db, engine }: LookParts): Promise<void> {
  const newest = { writebackId: id, number: lastRunNumber + 1 };
  const last = await runBefore(db, newest, ['succeeded', 'failed']);
  if (last?.state === 'failed') return;
  await db.transaction().execute((transaction) => startIdle(transaction, engine, wanted(id)));
}
