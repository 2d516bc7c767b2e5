import type { FastifyRequest } from 'fastify';
import type { Permission } from '../contract/permission.ts';
import { sessionCookie } from '../contract/sign-in.ts';
import { findApiKey, touchApiKey } from '../store/api-key.ts';
import type { Db } from '../store/database.ts';
import { findPerson } from '../store/person.ts';
import { findSession, touchSession } from '../store/session.ts';
import type { Caller } from './caller.ts';
import { readCookie } from './cookie.ts';
import { hashToken } from './token.ts';

/** A session ends after so long without a call, and after so long in any case. Milliseconds. */
export const sessionIdle = 12 * 3_600_000;
export const sessionLife = 7 * 24 * 3_600_000;

/** Not every call is worth a write. */
const touchEvery = 60_000;

async function callerOf(
  db: Db,
  personId: string,
  rest: Omit<Caller, 'personId' | 'role'>,
): Promise<Caller | undefined> {
  const person = await findPerson(db, personId);
  if (!person || person.disabledAt) return undefined;
  return { personId, role: person.role, ...rest };
}

async function byKey(db: Db, token: string, now: Date): Promise<Caller | undefined> {
  const key = await findApiKey(db, hashToken(token), now);
  if (!key) return undefined;
  if (now.getTime() - (key.usedAt?.getTime() ?? 0) > touchEvery) await touchApiKey(db, key.id, now);
  return callerOf(db, key.personId, { key: { id: key.id, permissions: key.scopes as Permission[] } });
}

async function bySession(db: Db, token: string, now: Date): Promise<Caller | undefined> {
  const session = await findSession(db, hashToken(token), now, new Date(now.getTime() - sessionIdle));
  if (!session) return undefined;
  if (now.getTime() - session.seenAt.getTime() > touchEvery) await touchSession(db, session.id, now);
  return callerOf(db, session.personId, { sessionId: session.id });
}

/** Who sent a request: by the API key in `Authorization: Bearer`, else by the session's cookie. Undefined for nobody. */
export async function identify(db: Db, request: FastifyRequest): Promise<Caller | undefined> {
  const now = new Date();
  const [, key] = /^Bearer\s+(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
  if (key !== undefined) return byKey(db, key, now);
  const token = readCookie(request, sessionCookie);
  return token === undefined ? undefined : bySession(db, token, now);
}
