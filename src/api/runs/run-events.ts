import { setTimeout as sleep } from 'node:timers/promises';
import type { Contract } from '../../contract/contract.ts';
import type { Db } from '../../store/database.ts';
import { findRun } from '../../store/run.ts';
import { type RunEvent, runEventsAfter } from '../../store/run-event.ts';
import type { Handler } from '../serve.ts';
import { reachRun } from './reach-run.ts';
import { eventAnswer } from './run-answer.ts';

/** How often new lines are looked for: what comes within it is told together. Milliseconds. */
const every = 250;

/** Lines that are read at once. */
const page = 500;

/** Of how far a run is, only the newest word counts; states and lines of the log are all told. */
function coalesced(events: readonly RunEvent[]): RunEvent[] {
  const newest = events.findLast(({ kind }) => kind === 'progress');
  return events.filter((event) => event.kind !== 'progress' || event === newest);
}

/** So many ids back is looked again: of two lines that are written at once, the one with the lower id may be there later. */
const overlap = 200;

/** The lines of a run as they come; ends when the run is over and all is told, or with the signal. */
async function* follow(db: Db, runId: string, after: number, signal: AbortSignal) {
  let told = new Set<number>();
  let last = after;
  while (!signal.aborted) {
    // Asked before the lines: whatever a run that is over has said is there.
    const isOver = (await findRun(db, runId))?.finishedAt !== null;
    const found = await runEventsAfter(db, runId, Math.max(after, last - overlap), page);
    yield* coalesced(found.filter(({ id }) => !told.has(id))).map(eventAnswer);
    last = found.at(-1)?.id ?? last;
    told = new Set(found.map(({ id }) => id).filter((id) => id > last - overlap));
    if (found.length === page) continue;
    if (isOver) return;
    await sleep(every, undefined, { signal }).catch(() => {});
  }
}

/** What the reader saw last, as it says; nothing for what is no id of ours. */
function lastSeen(header: string | string[] | undefined): number {
  return typeof header === 'string' && /^\d{1,15}$/.test(header) ? Number(header) : 0;
}

const events =
  (db: Db): Handler<Contract['runEvents']> =>
  async ({ params: { id } }, { request, reply, signal }) => {
    const { finishedAt } = await reachRun(db, id);
    const after = lastSeen(request.headers['last-event-id']);
    // Who has seen the end is told not to come again.
    if (finishedAt && after > 0 && (await runEventsAfter(db, id, after, 1)).length === 0) reply.code(204);
    return follow(db, id, after, signal);
  };

const log =
  (db: Db): Handler<Contract['listEvents']> =>
  async ({ params: { id }, query: { after, limit = 50 } }) => {
    await reachRun(db, id);
    const found = await runEventsAfter(db, id, lastSeen(after), limit + 1);
    const items = found.slice(0, limit).map(eventAnswer);
    return { items, ...(found.length > limit && { next: String(items.at(-1)!.id) }) };
  };

/** What a run says while it works, and what it said. */
export const eventHandlers = (db: Db) => ({ runEvents: events(db), listEvents: log(db) });
