import type { FastifyRequest } from 'fastify';
import type { Contract } from '../../contract/contract.ts';
import { sessionCookie } from '../../contract/sign-in.ts';
import type { Db } from '../../store/database.ts';
import { newId } from '../../store/new-id.ts';
import { type Person, findPerson, findPersonByEmail, updatePerson } from '../../store/person.ts';
import { revokeApiKey } from '../../store/api-key.ts';
import {
  deleteExpiredSessions,
  deleteSession,
  deleteSessionWith,
  deleteSessionsOf,
  insertSession,
} from '../../store/session.ts';
import { audited } from '../audited.ts';
import { dropCookie, readCookie, sendCookie } from '../cookie.ts';
import { sessionIdle, sessionLife } from '../identify.ts';
import { hashPassword, isPassword } from '../password.ts';
import { Refusal } from '../problem.ts';
import type { CallContext, Handler } from '../serve.ts';
import { hashToken, newToken } from '../token.ts';
import { type TryLimit, createTryLimit, networkOf } from '../try-limit.ts';
import { personAnswer } from './person-answer.ts';
import { type SignInWays, passwordsOnly } from './sign-in-ways.ts';

type Answering = Pick<CallContext, 'request' | 'reply'>;

/** A session that lives for so many milliseconds, by its token, which is kept nowhere else. */
export async function newSession(
  db: Db,
  person: Person,
  request: FastifyRequest,
  life: number,
): Promise<string> {
  const token = newToken();
  await insertSession(db, {
    id: newId('session'),
    personId: person.id,
    tokenHash: hashToken(token),
    address: request.ip,
    userAgent: request.headers['user-agent']?.slice(0, 300) ?? null,
    expiresAt: new Date(Date.now() + life),
  });
  return token;
}

/** Begins a session of a browser, in place of the one that it had. */
export async function beginSession(db: Db, person: Person, { request, reply }: Answering): Promise<void> {
  const before = readCookie(request, sessionCookie);
  if (before !== undefined) await deleteSessionWith(db, hashToken(before));
  const token = await newSession(db, person, request, sessionLife);
  sendCookie(reply, sessionCookie, token, sessionLife / 1000);
}

/** Lets in somebody who has shown who they are, with a session that `begin` begins; those that are over are swept away. */
export async function enter<T>(
  db: Db,
  person: Person,
  { by, address }: { readonly by: 'password' | 'openid'; readonly address: string },
  begin: (transaction: Db) => Promise<T>,
): Promise<T> {
  const now = new Date();
  await deleteExpiredSessions(db, now, new Date(now.getTime() - sessionIdle));
  const details = { by, address };
  const deed = { actor: person.id, action: 'session.begin', target: person.id, details };
  return audited(db, deed, begin);
}

/** The person who calls. Throws Refusal 401 when they are gone since. */
async function self(db: Db, { caller }: CallContext): Promise<Person> {
  const person = await findPerson(db, caller?.personId ?? '');
  if (person) return person;
  throw new Refusal(401, 'api-not-signed-in', 'Sign in again.');
}

/** Whoever has only a key, which may have leaked, cannot make more of it. Throws Refusal 403. */
export function refuseKeys({ caller }: CallContext): void {
  if (caller?.key === undefined) return;
  throw new Refusal(403, 'api-key-not-allowed', 'This needs a person who has signed in, not an API key.');
}

/** One sentence for an unknown address, a wrong password and a disabled person: it must not tell who exists. */
const notKnown = () =>
  new Refusal(401, 'sign-in-refused', 'E-mail address and password do not belong together.');

interface Limits {
  readonly byNetwork: TryLimit;
  readonly byPerson: TryLimit;
}

function refusePasswords(ways: SignInWays): void {
  if (ways.password) return;
  throw new Refusal(403, 'sign-in-password-off', 'Passwords are switched off here: sign in in a browser.');
}

const signIn =
  (db: Db, ways: SignInWays, { byNetwork, byPerson }: Limits): Handler<Contract['signIn']> =>
  async ({ body: { email, password } }, context) => {
    refusePasswords(ways);
    byNetwork.count(networkOf(context.request.ip));
    byPerson.count(email.toLowerCase());
    const person = await findPersonByEmail(db, email);
    const right = await isPassword(password, person?.passwordHash ?? undefined);
    if (!person || !right || person.disabledAt) throw notKnown();
    const way = { by: 'password', address: context.request.ip } as const;
    await enter(db, person, way, (transaction) => beginSession(transaction, person, context));
    return personAnswer(person);
  };

/** A session ends, and a key that signs itself out ends too: whoever has it still can do nothing more with it. */
const signOut =
  (db: Db): Handler<Contract['signOut']> =>
  async ({ query: { everywhere = false } }, { caller, reply }) => {
    const { personId, sessionId, key } = caller!;
    const deed = key
      ? { actor: personId, action: 'api-key.delete', target: key.id, details: { everywhere } }
      : { actor: personId, action: 'session.end', target: personId, details: { everywhere } };
    await audited(db, deed, async (transaction) => {
      if (key) await revokeApiKey(transaction, key.id, personId, new Date());
      if (everywhere) await deleteSessionsOf(transaction, personId);
      else if (sessionId !== undefined) await deleteSession(transaction, sessionId);
    });
    dropCookie(reply, sessionCookie);
    return null;
  };

const changePassword =
  (db: Db, { byPerson }: Limits): Handler<Contract['changePassword']> =>
  async ({ body: { current, password } }, context) => {
    refuseKeys(context);
    const person = await self(db, context);
    byPerson.count(person.email.toLowerCase());
    if (!(await isPassword(current, person.passwordHash ?? undefined))) throw notKnown();
    const passwordHash = await hashPassword(password);
    const deed = { actor: person.id, action: 'person.password', target: person.id, details: {} };
    return audited(db, deed, async (transaction) => {
      await updatePerson(transaction, person.id, { passwordHash });
      await deleteSessionsOf(transaction, person.id);
      await beginSession(transaction, person, context);
      return null;
    });
  };

/** Sign-in, sign-out and the own password. Tries are limited by account and by network. */
export function sessionHandlers(db: Db, ways = passwordsOnly) {
  const limits = { byNetwork: createTryLimit(20, 60_000), byPerson: createTryLimit(5, 60_000) };
  const whoAmI: Handler<Contract['whoAmI']> = async (_, context) => personAnswer(await self(db, context));
  return {
    signIn: signIn(db, ways, limits),
    signOut: signOut(db),
    whoAmI,
    changePassword: changePassword(db, limits),
  };
}
