import type { Contract } from '../../contract/contract.ts';
import { UserError } from '../../errors.ts';
import { type AssemblyParts, type Definition, assemble } from '../../run/definition.ts';
import { requireRetriable, retriesOf } from '../../run/retries-of.ts';
import { startRun } from '../../run/run.ts';
import { isDuplicate } from '../../store/explain-store-error.ts';
import { newId } from '../../store/new-id.ts';
import { type Run, liveRunIndex } from '../../store/run.ts';
import { findWritebackVersion } from '../../store/writeback-version.ts';
import { audited } from '../audited.ts';
import type { Handler } from '../serve.ts';
import { reachWriteback } from '../writebacks/reach-writeback.ts';
import { reachRun } from './reach-run.ts';
import type { RunParts } from './start-now.ts';

/** What rejected rows are tried again with. */
export interface RetryParts extends RunParts, AssemblyParts {}

const conflict = () =>
  new UserError('run-live-conflict', 'Another run of this writeback is on its way.', {
    remedy: 'Wait for its end, or cancel it.',
  });

/** The version that the run ran, as it was saved. */
async function definitionOf({ db }: RetryParts, { writebackId, version }: Run): Promise<Definition> {
  const saved = await findWritebackVersion(db, writebackId, version);
  return saved!.definition as Definition;
}

/** Unlike a run of the whole, it is not done by the one that is on its way. */
export const retryRejectedHandler =
  (parts: RetryParts): Handler<Contract['retryRejected']> =>
  async ({ params: { id } }, { caller, traceparent }) => {
    const { db, engine, registry } = parts;
    const { personId: requestedBy } = caller!;
    const rejecting = await reachRun(db, id);
    const { writebackId, version } = rejecting;
    const saved = await reachWriteback(db, caller!, writebackId, 'look');
    const writeback = await assemble(await definitionOf(parts, rejecting), saved, parts);
    const runId = newId('run');
    const retries = JSON.stringify(retriesOf(rejecting));
    const how = { cause: 'rejected-rows', dueAt: null, dryRun: false, requestedBy, retries } as const;
    const deed = { actor: requestedBy, action: 'run.retry-rejected', target: runId, details: { of: id } };
    try {
      return await audited(db, deed, async (transaction) => {
        const run = { id: runId, writebackId, version, ...how, traceparent: traceparent ?? null };
        await startRun(transaction, engine, run, saved.accountId ?? undefined);
        await requireRetriable(transaction, rejecting, writeback, registry);
        return { runId };
      });
    } catch (error) {
      throw isDuplicate(error, liveRunIndex) ? conflict() : error;
    }
  };
