import type { Egress } from '../../egress/egress.ts';
import { UserError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { checkOwnership } from '../../run/check-ownership.ts';
import { type AssemblyParts, type Definition, type WritebackOf, assemble } from '../../run/definition.ts';
import { hideSecrets } from '../../run/hide-secrets.ts';
import { nextDue } from '../../run/schedule/next-due.ts';
import { schedulePane } from '../../run/schedule/schedule-pane.ts';
import { readSchedule } from '../../run/schedule/schedule.ts';
import { inPane } from '../../run/writeback.ts';
import type { Db } from '../../store/database.ts';
import { deleteSchedule, saveSchedule } from '../../store/schedule.ts';
import { requireChannels } from './require-channels.ts';

/** What a definition is checked with. */
export interface CheckParts extends AssemblyParts {
  readonly egress: Egress;
  readonly log: Log;
  /** The operator's least distance between two runs of a schedule. */
  readonly lowestMinutes: number;
}

type Pane = Readonly<Record<string, unknown>>;

/** Reads a Scheduling pane. Throws UserError with the path `schedule.…`. */
export const readPane = (pane: Pane, lowestMinutes: number) =>
  inPane('schedule', () => readSchedule(pane, lowestMinutes));

/** An output DataSet goes where the DataSet comes from. Throws UserError `publish-account-missing`. */
function requirePublishable({ publishOutput, source }: Definition): void {
  if (!publishOutput || source['kind'] !== 'local') return;
  const sentence =
    'The DataSet is not in Domo, so there is no Domo account to publish the output DataSet with.';
  throw new UserError('publish-account-missing', sentence, {
    field: 'publishOutput',
    remedy: 'Leave it out; the output DataSet can be read and downloaded here.',
  });
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
  readPane(schedulePane(definition), lowestMinutes);
  requirePublishable(definition);
  const writeback = await assemble(definition, of, parts);
  hideSecrets(writeback, registry, log);
  await requireChannels(db, definition);
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
