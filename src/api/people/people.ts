import { timingSafeEqual } from 'node:crypto';
import type { Contract } from '../../contract/contract.ts';
import { UserError } from '../../errors.ts';
import type { Db } from '../../store/database.ts';
import { isDuplicate } from '../../store/explain-store-error.ts';
import { newId } from '../../store/new-id.ts';
import { type Person, countAdmins, insertPerson, listPeople, updatePerson } from '../../store/person.ts';
import { deleteSessionsOf } from '../../store/session.ts';
import { audited } from '../audited.ts';
import { pageOfAll } from '../page.ts';
import { hashPassword } from '../password.ts';
import { Refusal } from '../problem.ts';
import type { Handler } from '../serve.ts';
import { hashToken } from '../token.ts';
import { personAnswer } from './person-answer.ts';
import { beginSession } from './sessions.ts';

/** What a person is made of when they are created. */
interface NewPerson {
  readonly name: string;
  readonly email: string;
  readonly role: Person['role'];
  /** Without one they come through OpenID Connect. */
  readonly password?: string;
}

/** Throws UserError `person-email-conflict`. */
async function createPerson(db: Db, { password, ...rest }: NewPerson, actor?: string): Promise<Person> {
  const id = newId('person');
  const { name, email, role } = rest;
  const row = { id, ...rest, passwordHash: password === undefined ? null : await hashPassword(password) };
  const deed = { actor: actor ?? id, action: 'person.create', target: id, details: { name, email, role } };
  const nothingElse = { oidcIssuer: null, oidcSubject: null, disabledAt: null };
  try {
    return await audited(db, deed, async (transaction) => {
      if (actor === undefined && (await countAdmins(transaction)) > 0) throw setupRefused();
      return insertPerson(transaction, { ...row, ...nothingElse });
    });
  } catch (error) {
    if (!isDuplicate(error, 'person_email')) throw error;
    const sentence = `Somebody has the address ${email} already.`;
    throw new UserError('person-email-conflict', sentence, { field: 'email', cause: error });
  }
}

const setupRefused = () =>
  new Refusal(
    403,
    'setup-refused',
    'This link is not, or no longer, the one that sets this server up. Where it is set up already, sign in; else take the link that its last start printed.',
  );

/** In a transaction that changes people: throws UserError `person-last-admin` when it would leave no administrator. */
export async function keepAdmin(transaction: Db): Promise<void> {
  if ((await countAdmins(transaction)) > 0) return;
  throw new UserError('person-last-admin', 'The last administrator can be neither disabled nor made less.', {
    remedy: 'Make somebody else an administrator first.',
  });
}

const createAdministrator =
  (db: Db, setupToken: string): Handler<Contract['createAdministrator']> =>
  async ({ body: { token, ...rest } }, context) => {
    if (!timingSafeEqual(hashToken(token), hashToken(setupToken))) throw setupRefused();
    const person = await createPerson(db, { ...rest, role: 'admin' });
    await beginSession(db, person, context);
    return personAnswer(person);
  };

const list =
  (db: Db): Handler<Contract['listPeople']> =>
  async ({ query }) =>
    pageOfAll((await listPeople(db)).map(personAnswer), query);

const change =
  (db: Db): Handler<Contract['changePerson']> =>
  async ({ params: { id }, body: { password, disabled, ...rest } }, { caller }) => {
    const passwordHash = password === undefined ? {} : { passwordHash: await hashPassword(password) };
    const details = { ...rest, disabled, password: password === undefined ? undefined : 'changed' };
    const deed = { actor: caller!.personId, action: 'person.change', target: id, details };
    return audited(db, deed, async (transaction) => {
      const disabledAt = disabled === undefined ? {} : { disabledAt: disabled ? new Date() : null };
      const after = await updatePerson(transaction, id, { ...rest, ...disabledAt, ...passwordHash });
      if (!after) throw new UserError('person-not-found', 'There is no such person.');
      await keepAdmin(transaction);
      await deleteSessionsOf(transaction, id);
      return personAnswer(after);
    });
  };

/** People, and the first of them. `setupToken` is the one of the link that the first start printed. */
export function peopleHandlers(db: Db, setupToken: string) {
  const create: Handler<Contract['createPerson']> = async ({ body }, { caller }) =>
    personAnswer(await createPerson(db, body, caller!.personId));
  return {
    createAdministrator: createAdministrator(db, setupToken),
    listPeople: list(db),
    createPerson: create,
    changePerson: change(db),
  };
}
