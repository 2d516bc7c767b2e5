import type { Contract } from '../../contract/contract.ts';
import { UserError } from '../../errors.ts';
import { cancelRun } from '../../run/run.ts';
import { nextRuns } from '../../run/schedule/next-runs.ts';
import { findLiveRun } from '../../store/run.ts';
import { deleteSchedule } from '../../store/schedule.ts';
import { updateWriteback } from '../../store/writeback.ts';
import { findOverview, listOverviews } from '../../store/writeback-overview.ts';
import { listWritebackVersions } from '../../store/writeback-version.ts';
import { audited } from '../audited.ts';
import { numberAfter } from '../page.ts';
import { present } from '../present.ts';
import { type RunParts, startNow } from '../runs/start-now.ts';
import type { Handler } from '../serve.ts';
import { changesBetween } from '../../contract/changes.ts';
import { type CheckParts, readPane } from './check-definition.ts';
import { pauseHandler } from './pause-writeback.ts';
import { reachWriteback } from './reach-writeback.ts';
import { saveHandlers } from './save-writeback.ts';
import { writebackAnswer } from './writeback-answer.ts';

/** What the handlers of writebacks work with. */
export interface WritebackParts extends CheckParts, RunParts {}

const list =
  ({ db }: WritebackParts): Handler<Contract['listWritebacks']> =>
  async ({ query: { after: before, limit = 50, ...filter } }) => {
    const found = await listOverviews(db, { ...filter, before, limit: limit + 1 });
    const items = found.slice(0, limit).map(writebackAnswer);
    return { items, ...(found.length > limit && { next: items.at(-1)!.id }) };
  };

const get =
  ({ db }: WritebackParts): Handler<Contract['getWriteback']> =>
  async ({ params: { id } }, { caller }) => {
    await reachWriteback(db, caller!, id, 'look');
    return writebackAnswer((await findOverview(db, id))!);
  };

/** The row stays for the history of its runs; the one that is on its way is canceled. */
const remove =
  ({ db, engine }: WritebackParts): Handler<Contract['deleteWriteback']> =>
  async ({ params: { id } }, { caller }) => {
    const deed = { actor: caller!.personId, action: 'writeback.delete', target: id, details: {} };
    return audited(db, deed, async (transaction) => {
      await reachWriteback(transaction, caller!, id, 'change');
      const live = await findLiveRun(transaction, id);
      if (live) await cancelRun(transaction, engine, live.id);
      await deleteSchedule(transaction, id);
      await updateWriteback(transaction, id, { deletedAt: new Date() });
      return null;
    });
  };

/** Each version with what is different from the one before; of the first, that is all that it says. */
const versions =
  ({ db }: WritebackParts): Handler<Contract['listVersions']> =>
  async ({ params: { id }, query: { after, limit = 50 } }, { caller }) => {
    const { ownerId } = await reachWriteback(db, caller!, id, 'look');
    const all = await listWritebackVersions(db, id);
    const before = numberAfter(after);
    const first = before === 0 ? 0 : all.findIndex(({ version }) => version < before);
    const end = first < 0 ? 0 : first + limit;
    const items = all.slice(Math.max(first, 0), end).map(({ version, definition, changedBy, createdAt }) => {
      const last = all.find((one) => one.version === version - 1)?.definition ?? {};
      const changes = changesBetween(last, definition);
      return { version, changedBy: changedBy ?? ownerId, changedAt: createdAt.toISOString(), changes };
    });
    return {
      items,
      ...present({ next: all.length > end && end > 0 ? String(items.at(-1)!.version) : null }),
    };
  };

const run =
  (parts: WritebackParts): Handler<Contract['runWriteback']> =>
  async ({ params: { id }, body: { dryRun } }, context) => ({
    runId: await startNow(parts, context, { writebackId: id, dryRun }),
  });

const preview =
  ({ lowestMinutes }: WritebackParts): Handler<Contract['nextRuns']> =>
  async ({ body: { schedule, after } }) => {
    const from = after === undefined ? new Date() : new Date(after);
    if (Number.isNaN(from.getTime()))
      throw new UserError('schedule-invalid', 'There is no such moment.', { field: 'after' });
    const runs = nextRuns(readPane(schedule, lowestMinutes), from);
    return { runs: runs.map((at) => at.toISOString()) };
  };

/** Saved writebacks: everybody may look at them, their owners change them, operators run and pause them. */
export const writebackHandlers = (parts: WritebackParts) => ({
  ...saveHandlers(parts),
  pauseWriteback: pauseHandler(parts.db),
  listWritebacks: list(parts),
  getWriteback: get(parts),
  deleteWriteback: remove(parts),
  listVersions: versions(parts),
  runWriteback: run(parts),
  nextRuns: preview(parts),
});
