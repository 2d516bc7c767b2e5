import type { FastifyRequest } from 'fastify';
import type { Contract } from '../../contract/contract.ts';
import { terminalPlace } from '../../contract/sign-in.ts';
import { UserError } from '../../errors.ts';
import type { Db } from '../../store/database.ts';
import type { Person } from '../../store/person.ts';
import { dropCookie, readCookie, sendCookie } from '../cookie.ts';
import type { CallContext, Handler } from '../serve.ts';
import { newToken } from '../token.ts';
import { createTryLimit, networkOf } from '../try-limit.ts';
import { notOurs } from './explain-open-id-error.ts';
import { identityOf } from './open-id-identity.ts';
import { personOf } from './open-id-person.ts';
import { beginSession, enter, newSession } from './sessions.ts';
import type { SignInWays } from './sign-in-ways.ts';

/** Holds what binds the provider's answer to the browser that asked. */
const signInCookie = '__Host-writeback-sign-in';

/** A sign-in at the provider may take so many seconds. */
const signInLife = 600;

/** Where a browser that has signed in goes: always the same page, whatever it was asked to. */
const home = '/api';

/** A terminal takes its session at once, makes a key with it, and ends it. Milliseconds. */
const terminalLife = 60_000;

/** What the browser keeps on its way: the secret, and the terminal that it signs in for. */
function keptIn(request: FastifyRequest): { secret: string; terminal: string | undefined } {
  const [secret = '', terminal] = (readCookie(request, signInCookie) ?? '').split('.');
  if (secret !== '' && (terminal === undefined || terminalPlace.test(terminal))) return { secret, terminal };
  throw notOurs();
}

/**
 * Begins the session where it is wanted, and gives where the browser goes: to our page with a cookie, or to the terminal that
 * waits on loopback (RFC 8252, 7.3). Only whoever sits at this machine listens there, and had to sign in at the provider anew.
 */
async function arrive(
  db: Db,
  person: Person,
  terminal: string | undefined,
  context: Pick<CallContext, 'request' | 'reply'>,
): Promise<string> {
  const way = { by: 'openid', address: context.request.ip } as const;
  return enter(db, person, way, async (transaction) => {
    if (terminal === undefined) {
      await beginSession(transaction, person, context);
      return home;
    }
    const token = await newSession(transaction, person, context.request, terminalLife);
    return `http://127.0.0.1:${terminal}?session=${token}`;
  });
}

function needed({ openId }: SignInWays): NonNullable<SignInWays['openId']> {
  if (openId) return openId;
  throw new UserError('sign-in-openid-not-found', 'This server has no OpenID Connect sign-in.', {
    remedy: 'Sign in with e-mail address and password.',
  });
}

const parametersOf = ({ url }: FastifyRequest) => new URL(url, 'http://any').searchParams;

/** The ways to sign in, and the way through a provider. Tries are limited by network: a whole office may share one. */
export function openIdHandlers(db: Db, ways: SignInWays) {
  const byNetwork = createTryLimit(120, 60_000);
  const signInWays: Handler<Contract['signInWays']> = async () => ({
    password: ways.password,
    openId: ways.openId !== undefined,
  });
  const beginOpenId: Handler<Contract['beginOpenId']> = async ({ query: { terminal } }, context) => {
    const openId = needed(ways);
    byNetwork.count(networkOf(context.request.ip));
    const secret = newToken();
    const page = await openId.begin(secret, terminal !== undefined);
    const kept = terminal === undefined ? secret : `${secret}.${terminal}`;
    sendCookie(context.reply, signInCookie, kept, signInLife);
    return page;
  };
  const finishOpenId: Handler<Contract['finishOpenId']> = async (_, context) => {
    const openId = needed(ways);
    byNetwork.count(networkOf(context.request.ip));
    dropCookie(context.reply, signInCookie);
    const { secret, terminal } = keptIn(context.request);
    const claims = await openId.finish(secret, parametersOf(context.request));
    const { rules } = openId;
    const person = await personOf(db, identityOf(claims, rules), rules.defaultRole);
    return arrive(db, person, terminal, context);
  };
  return { signInWays, beginOpenId, finishOpenId };
}
