import type { Contract } from '../../contract/contract.ts';
import { UserError } from '../../errors.ts';
import { cancelRun } from '../../run/run.ts';
import { listRuns } from '../../store/run.ts';
import { audited } from '../audited.ts';
import type { Handler } from '../serve.ts';
import { reachRun } from './reach-run.ts';
import { runAnswer } from './run-answer.ts';
import { type RunParts, startNow } from './start-now.ts';

const list =
  ({ db }: RunParts): Handler<Contract['listRuns']> =>
  async ({ query: { after: before, limit = 50, ...filter } }) => {
    const runs = await listRuns(db, { ...filter, before, limit: limit + 1 });
    const items = runs.slice(0, limit).map(runAnswer);
    return { items, ...(runs.length > limit && { next: items.at(-1)!.id }) };
  };

const get =
  ({ db }: RunParts): Handler<Contract['getRun']> =>
  async ({ params: { id } }) =>
    runAnswer(await reachRun(db, id));

const cancel =
  ({ db, engine }: RunParts): Handler<Contract['cancelRun']> =>
  async ({ params: { id } }, { caller }) => {
    const deed = { actor: caller!.personId, action: 'run.cancel', target: id, details: {} };
    return audited(db, deed, async (transaction) => {
      const { state } = await reachRun(transaction, id);
      if (await cancelRun(transaction, engine, id)) return null;
      throw new UserError(
        'run-over-conflict',
        `The run is over: it ${state === 'canceled' ? 'was' : 'has'} ${state}.`,
      );
    });
  };

const retry =
  (parts: RunParts): Handler<Contract['retryRun']> =>
  async ({ params: { id } }, context) => {
    const { writebackId, version, dryRun } = await reachRun(parts.db, id);
    return { runId: await startNow(parts, context, { writebackId, version, dryRun }) };
  };

/** Runs: everybody may look at them. */
export const runHandlers = (parts: RunParts) => ({
  listRuns: list(parts),
  getRun: get(parts),
  cancelRun: cancel(parts),
  retryRun: retry(parts),
});
