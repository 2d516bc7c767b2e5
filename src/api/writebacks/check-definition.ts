import type { Egress } from '../../egress/egress.ts';
import { UserError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { checkOwnership } from '../../run/check-ownership.ts';
import { type AssemblyParts, type Definition, type WritebackOf, assemble } from '../../run/definition.ts';
import { hideSecrets } from '../../run/hide-secrets.ts';
import { nextDue } from '../../run/schedule/next-due.ts';
import { readSchedule } from '../../run/schedule/schedule.ts';
import { inPane } from '../../run/writeback.ts';
import type { Db } from '../../store/database.ts';
import { type Schedule, deleteSchedule, findSchedule, saveSchedule } from '../../store/schedule.ts';
import { type Writeback, findWriteback, listWritebacks } from '../../store/writeback.ts';
import { requireChannels } from './require-channels.ts';

/** What a definition is checked with. */
export interface CheckParts extends AssemblyParts {
  readonly egress: Egress;
  readonly log: Log;
  /** The operator's least distance between two runs of a schedule. */
  readonly lowestMinutes: number;
}

type Pane = Readonly<Record<string, unknown>>;

/** The Scheduling pane as it is kept: times are meant in the writeback's time zone unless the pane says another. */
export function schedulePane({ schedule = {}, timeZone }: Definition): Pane {
  return { ...(timeZone !== undefined && { timeZone }), ...schedule };
}

/** Reads a Scheduling pane. Throws UserError with the path `schedule.…`. */
export const readPane = (pane: Pane, lowestMinutes: number) =>
  inPane('schedule', () => readSchedule(pane, lowestMinutes));

/** More than an installation has of one person. */
const most = 10_000;

/** The writeback that a schedule waits for: named by its id, or the owner's by its name. */
async function awaited(db: Db, named: unknown, ownerId: string): Promise<Writeback | undefined> {
  if (typeof named !== 'string') return undefined;
  const byId = await findWriteback(db, named);
  return byId ?? (await listWritebacks(db, { ownerId, limit: most })).find(({ name }) => name === named);
}

/** Writebacks that start each other in a circle would never end. Throws UserError `schedule-writeback-unknown`, `schedule-circle`. */
async function checkChain(db: Db, { id, ownerId }: WritebackOf, pane: Pane): Promise<void> {
  const field = 'schedule.writeback';
  const seen = new Set([id]);
  let next = await awaited(db, pane['writeback'], ownerId);
  if (!next)
    throw new UserError('schedule-writeback-unknown', 'There is no such writeback to wait for.', {
      field,
      remedy: 'Give the id of the writeback after whose success this one is to run, or your own one’s name.',
    });
  while (next) {
    if (seen.has(next.id))
      throw new UserError('schedule-circle', 'These writebacks would start each other for ever.', { field });
    seen.add(next.id);
    const after: Schedule | undefined = await findSchedule(db, next.id);
    const follows = after?.definition['every'] === 'success';
    next = follows ? await awaited(db, after.definition['writeback'], next.ownerId) : undefined;
  }
}

/**
 * Checks all of a definition as its owner would run it: fields, accounts, DataSet, ownership, schedule. Throws UserErrors
 * whose field is the path in the definition.
 */
export async function checkDefinition(
  definition: Definition,
  of: WritebackOf,
  parts: CheckParts,
  signal: AbortSignal,
): Promise<void> {
  const { db, egress, log, registry, lowestMinutes } = parts;
  const schedule = readPane(schedulePane(definition), lowestMinutes);
  const writeback = await assemble(definition, of, parts);
  hideSecrets(writeback, registry, log);
  await requireChannels(db, definition);
  if (schedule.kind === 'success') await checkChain(db, of, schedulePane(definition));
  await checkOwnership(writeback, definition, of.ownerId, { db, egress, log, signal });
}

/** Keeps the schedule with its next time; one that only a person starts is none. */
export async function keepSchedule(
  transaction: Db,
  writebackId: string,
  definition: Definition,
  lowestMinutes: number,
): Promise<void> {
  const pane = schedulePane(definition);
  const schedule = readPane(pane, lowestMinutes);
  if (schedule.kind === 'manual') return deleteSchedule(transaction, writebackId);
  const nextDueAt = nextDue(schedule, new Date());
  await saveSchedule(transaction, {
    writebackId,
    definition: JSON.stringify(pane),
    nextDueAt,
  });
}
