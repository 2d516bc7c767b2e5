import type { Db } from '../store/database.ts';
import { type Turn, turnsTaken } from '../store/turn.ts';

/** A piece of work that wants its place in the queue. */
export interface Waiting {
  readonly accountId?: string | undefined;
  /** It comes before all that waits, also before its own account's. */
  readonly isUrgent: boolean;
}

/** The turn that is served: the furthest that is worked on; in the moment between two pieces of work, the one before the next. */
function turnNow(taken: readonly Turn[]): number {
  const begun = taken.flatMap(({ begun }) => begun ?? []);
  if (begun.length > 0) return Math.max(...begun);
  const next = taken.flatMap(({ next }) => next ?? []);
  return next.length > 0 ? Math.max(0, Math.min(...next) - 1) : 0;
}

/**
 * Gives each piece of work a turn, lower first, so that accounts are served in rounds: each takes one turn after the other, and
 * who comes with an empty queue begins at the turn that is served now. So a thousand parts of one account do not hold up the
 * run of another, nor does a newcomer with a thousand parts hold up the thousand. (Start-time fair queuing: Goyal, Vin, Cheng,
 * SIGCOMM 1996.) Two that ask at the same moment may get the same turn, which does no harm.
 */
export async function takeTurns(db: Db, queue: string, all: readonly Waiting[]): Promise<number[]> {
  const taken = await turnsTaken(db, queue);
  const now = turnNow(taken);
  const last = new Map(taken.map(({ account, last }) => [account, last]));
  return all.map(({ accountId = '', isUrgent }) => {
    if (isUrgent) return now;
    const turn = Math.max(now, last.get(accountId) ?? 0) + 1;
    last.set(accountId, turn);
    return turn;
  });
}
