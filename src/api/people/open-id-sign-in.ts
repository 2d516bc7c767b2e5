import type { FastifyRequest } from 'fastify';
import type { Contract } from '../../contract/contract.ts';
import { UserError } from '../../errors.ts';
import type { Db } from '../../store/database.ts';
import { dropCookie, readCookie, sendCookie } from '../cookie.ts';
import type { Handler } from '../serve.ts';
import { newToken } from '../token.ts';
import { createTryLimit, networkOf } from '../try-limit.ts';
import { notOurs } from './explain-open-id-error.ts';
import { identityOf } from './open-id-identity.ts';
import { personOf } from './open-id-person.ts';
import { enter } from './sessions.ts';
import type { SignInWays } from './sign-in-ways.ts';

/** Holds what binds the provider's answer to the browser that asked. */
const signInCookie = '__Host-writeback-sign-in';

/** A sign-in at the provider may take so many seconds. */
const signInLife = 600;

/** Where a browser that has signed in goes: always the same page, whatever it was asked to. */
const home = '/api';

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
  const beginOpenId: Handler<Contract['beginOpenId']> = async (_, { request, reply }) => {
    const openId = needed(ways);
    byNetwork.count(networkOf(request.ip));
    const secret = newToken();
    const page = await openId.begin(secret);
    sendCookie(reply, signInCookie, secret, signInLife);
    return page;
  };
  const finishOpenId: Handler<Contract['finishOpenId']> = async (_, context) => {
    const openId = needed(ways);
    byNetwork.count(networkOf(context.request.ip));
    const secret = readCookie(context.request, signInCookie);
    dropCookie(context.reply, signInCookie);
    if (!secret) throw notOurs();
    const claims = await openId.finish(secret, parametersOf(context.request));
    const { rules } = openId;
    const person = await personOf(db, identityOf(claims, rules), rules.defaultRole);
    await enter(db, person, 'openid', context);
    return home;
  };
  return { signInWays, beginOpenId, finishOpenId };
}
