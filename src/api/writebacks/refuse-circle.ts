import { UserError } from '../../errors.ts';
import type { Db } from '../../store/database.ts';
import { type Chained, awaitedBy, findSchedule, followersOf } from '../../store/schedule.ts';

const field = 'schedule.writeback';

const circle = (names: readonly string[]) =>
  new UserError(
    'schedule-circle',
    `These writebacks would start each other for ever: ${names.map((name) => `“${name}”`).join(' → ')}.`,
    { field, remedy: 'Let one of them run at times of its own, or after another one.' },
  );

/** What its schedule waits for must be there, and be another one. */
async function requireAwaited(transaction: Db, one: Chained): Promise<void> {
  const schedule = await findSchedule(transaction, one.id);
  if (schedule?.definition['every'] !== 'success') return;
  const named = schedule.definition['writeback'];
  if ((await awaitedBy(transaction, one, String(named))).length > 0) return;
  if (named === one.id || named === one.name) throw circle([one.name, one.name]);
  throw new UserError('schedule-writeback-unknown', 'There is no such writeback to wait for.', {
    field,
    remedy: 'Give the id of the writeback after whose success this one is to run, or your own one’s name.',
  });
}

/**
 * Throws UserError `schedule-circle`, with the whole chain, when a writeback as it is saved now would be started by its own success,
 * and `schedule-writeback-unknown` when nothing is there that it could wait for. A new name or owner may close a circle as well as a
 * schedule. To be asked after the change, in the transaction of an audited deed: those are done one after the other, so of two
 * changes that close a circle together the second sees the first.
 */
export async function refuseCircle(transaction: Db, changed: Chained): Promise<void> {
  await requireAwaited(transaction, changed);
  const chains: (readonly Chained[])[] = [[changed]];
  const seen = new Set<string>();
  for (const chain of chains) {
    for (const follower of await followersOf(transaction, chain.at(-1)!)) {
      if (follower.id === changed.id) throw circle([...chain, changed].map(({ name }) => name));
      if (seen.has(follower.id)) continue;
      seen.add(follower.id);
      chains.push([...chain, follower]);
    }
  }
}
