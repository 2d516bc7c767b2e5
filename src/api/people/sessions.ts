import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Contract } from '../../contract/contract.ts';
import type { Db } from '../../store/database.ts';
import { newId } from '../../store/new-id.ts';
import { type Person, findPerson, findPersonByEmail, updatePerson } from '../../store/person.ts';
import {
  deleteExpiredSessions,
  deleteSession,
  deleteSessionsOf,
  insertSession,
} from '../../store/session.ts';
import { audited } from '../audited.ts';
import { sessionCookie, sessionIdle, sessionLife } from '../identify.ts';
import { hashPassword, isPassword } from '../password.ts';
import { Refusal } from '../problem.ts';
import type { CallContext, Handler } from '../serve.ts';
import { hashToken, newToken } from '../token.ts';
import { type TryLimit, createTryLimit, networkOf } from '../try-limit.ts';
import { personAnswer } from './person-answer.ts';

const attributes = 'Path=/; Secure; HttpOnly; SameSite=Lax';

function sendCookie(reply: FastifyReply, token: string, seconds: number): void {
  reply.header('set-cookie', `${sessionCookie}=${token}; Max-Age=${seconds}; ${attributes}`);
}

/** Begins a session; its token is nowhere but in the answer's cookie. */
export async function beginSession(
  db: Db,
  person: Person,
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
): Promise<void> {
  const token = newToken();
  await insertSession(db, {
    id: newId('session'),
    personId: person.id,
    tokenHash: hashToken(token),
    address: request.ip,
    userAgent: request.headers['user-agent']?.slice(0, 300) ?? null,
    expiresAt: new Date(Date.now() + sessionLife),
  });
  sendCookie(reply, token, sessionLife / 1000);
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

const signIn =
  (db: Db, { byNetwork, byPerson }: Limits): Handler<Contract['signIn']> =>
  async ({ body: { email, password } }, context) => {
    const { ip: address } = context.request;
    byNetwork.count(networkOf(address));
    byPerson.count(email.toLowerCase());
    const person = await findPersonByEmail(db, email);
    const right = await isPassword(password, person?.passwordHash ?? undefined);
    if (!person || !right || person.disabledAt) throw notKnown();
    const now = new Date();
    await deleteExpiredSessions(db, now, new Date(now.getTime() - sessionIdle));
    const deed = { actor: person.id, action: 'session.begin', target: person.id, details: { address } };
    await audited(db, deed, (transaction) => beginSession(transaction, person, context));
    return personAnswer(person);
  };

const signOut =
  (db: Db): Handler<Contract['signOut']> =>
  async ({ query: { everywhere } }, { caller, reply }) => {
    if (everywhere) await deleteSessionsOf(db, caller!.personId);
    else if (caller?.sessionId !== undefined) await deleteSession(db, caller.sessionId);
    sendCookie(reply, '', 0);
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
export function sessionHandlers(db: Db) {
  const limits = { byNetwork: createTryLimit(20, 60_000), byPerson: createTryLimit(5, 60_000) };
  const whoAmI: Handler<Contract['whoAmI']> = async (_, context) => personAnswer(await self(db, context));
  return {
    signIn: signIn(db, limits),
    signOut: signOut(db),
    whoAmI,
    changePassword: changePassword(db, limits),
  };
}
