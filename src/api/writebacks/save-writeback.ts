import type { Contract } from '../../contract/contract.ts';
import { UserError } from '../../errors.ts';
import { checkLocalOwnership } from '../../run/check-ownership.ts';
import type { Definition } from '../../run/definition.ts';
import { schedulePane } from '../../run/schedule/schedule-pane.ts';
import { findAccount } from '../../store/account.ts';
import type { Db } from '../../store/database.ts';
import { newId } from '../../store/new-id.ts';
import { findPerson } from '../../store/person.ts';
import { type Writeback, insertWriteback, updateWriteback } from '../../store/writeback.ts';
import { findOverview } from '../../store/writeback-overview.ts';
import { findWritebackVersion, insertWritebackVersion } from '../../store/writeback-version.ts';
import { audited } from '../audited.ts';
import type { Handler } from '../serve.ts';
import { changesBetween } from '../../contract/changes.ts';
import { type CheckParts, checkDefinition, keepSchedule } from './check-definition.ts';
import { setPaused } from './pause-writeback.ts';
import { requireChannels } from './require-channels.ts';
import { reachWriteback } from './reach-writeback.ts';
import { refuseCircle } from './refuse-circle.ts';
import { writebackAnswer } from './writeback-answer.ts';

/** The columns of a row that repeat what its newest version says. */
function columnsOf({ name, description = '', tags = [], connector, accountId, ...rest }: Definition) {
  const accounts = { accountId: accountId ?? null, sourceAccountId: rest.sourceAccountId ?? null };
  return { name, description, tags, connector, ...accounts };
}

/** A local DataSet needs no account: one that is left over from before would only hinder its deletion. */
function tidied(definition: Definition): Definition {
  if (definition.source['kind'] !== 'local') return definition;
  const { sourceAccountId: _, ...rest } = definition;
  return rest;
}

/** Whoever takes an account or a DataSet away waits for this transaction, or was before it. Throws UserErrors. */
async function requireStillThere(transaction: Db, definition: Definition, ownerId: string): Promise<void> {
  for (const field of ['accountId', 'sourceAccountId'] as const) {
    const id = definition[field];
    if (id !== undefined && !(await findAccount(transaction, id)))
      throw new UserError('writeback-account-unknown', 'The account was deleted meanwhile.', { field });
  }
  await requireChannels(transaction, definition);
  await checkLocalOwnership(definition, ownerId, transaction);
}

const answerOf = async (db: Db, id: string) => writebackAnswer((await findOverview(db, id))!);

const create =
  (parts: CheckParts): Handler<Contract['createWriteback']> =>
  async ({ body }, { caller, signal }) => {
    const definition = tidied(body);
    const id = newId('writeback');
    const { personId: ownerId } = caller!;
    await checkDefinition(definition, { id, ownerId }, parts, signal);
    const { name, connector } = definition;
    const deed = { actor: ownerId, action: 'writeback.create', target: id, details: { name, connector } };
    return audited(parts.db, deed, async (transaction) => {
      await requireStillThere(transaction, definition, ownerId);
      const columns = columnsOf(definition);
      await insertWriteback(transaction, { id, ownerId, version: 1, ...columns });
      const kept = { writebackId: id, version: 1, definition: JSON.stringify(definition) };
      await insertWritebackVersion(transaction, { ...kept, changedBy: ownerId });
      await keepSchedule(transaction, id, definition, parts.lowestMinutes);
      await refuseCircle(transaction, { id, name, ownerId });
      return answerOf(transaction, id);
    });
  };

/** What is not sent stays; null takes away. */
function merged(before: Definition, change: Readonly<Record<string, unknown>>): Definition {
  const all = Object.entries({ ...before, ...change });
  return tidied(Object.fromEntries(all.filter(([, value]) => value !== null)) as unknown as Definition);
}

async function requireOwner(db: Db, ownerId: string): Promise<void> {
  const person = await findPerson(db, ownerId);
  if (person && !person.disabledAt) return;
  throw new UserError('writeback-owner-unknown', `There is no person ${ownerId}.`, { field: 'ownerId' });
}

const conflict = () =>
  new UserError('writeback-conflict', 'The writeback was changed by somebody else meanwhile.', {
    remedy: 'Load it again.',
  });

/** A writeback before and after a change. */
interface Changed {
  readonly writeback: Writeback;
  readonly before: Definition;
  readonly after: Definition;
  readonly owner: string;
}

/** A new version where the definition is another; the next time is reckoned anew only when the schedule is. */
async function keep(
  transaction: Db,
  { writeback: { id, version: last, ownerId }, before, after, owner }: Changed,
  changedBy: string,
  lowestMinutes: number,
): Promise<void> {
  const isNew = changesBetween(before, after).length > 0;
  const version = isNew ? last + 1 : last;
  // What is as it was may name an account that is gone; whoever only pauses need not mend that.
  if (isNew || owner !== ownerId) await requireStillThere(transaction, after, owner);
  const columns = { ...(isNew && columnsOf(after)), ownerId: owner, version };
  if (!(await updateWriteback(transaction, id, columns, last))) throw conflict();
  const kept = { writebackId: id, version, definition: JSON.stringify(after), changedBy };
  if (isNew) await insertWritebackVersion(transaction, kept);
  if (changesBetween(schedulePane(before), schedulePane(after)).length > 0)
    await keepSchedule(transaction, id, after, lowestMinutes);
  if (isNew || owner !== ownerId) await refuseCircle(transaction, { id, name: after.name, ownerId: owner });
}

const change =
  (parts: CheckParts): Handler<Contract['changeWriteback']> =>
  async ({ params: { id }, body: { ownerId, paused, ...body } }, { caller, signal }) => {
    const { db } = parts;
    const writeback = await reachWriteback(db, caller!, id, 'change');
    const before = (await findWritebackVersion(db, id, writeback.version))!.definition as Definition;
    const after = merged(before, body);
    const owner = ownerId ?? writeback.ownerId;
    const changes = changesBetween(before, after);
    if (ownerId !== undefined) await requireOwner(db, ownerId);
    // Pausing must be possible whatever has become of DataSet and accounts.
    if (changes.length > 0 || ownerId !== undefined)
      await checkDefinition(after, { id, ownerId: owner }, parts, signal);
    const changed = changes.map(({ path }) => path);
    const deed = { actor: caller!.personId, action: 'writeback.change', target: id };
    return audited(db, { ...deed, details: { ownerId, paused, changed } }, async (transaction) => {
      await reachWriteback(transaction, caller!, id, 'change');
      await keep(transaction, { writeback, before, after, owner }, caller!.personId, parts.lowestMinutes);
      if (paused !== undefined) await setPaused(transaction, id, paused);
      return answerOf(transaction, id);
    });
  };

/** Writebacks as they are made and changed; each change is a version, and is checked as a whole. */
export const saveHandlers = (parts: CheckParts) => ({
  createWriteback: create(parts),
  changeWriteback: change(parts),
});
