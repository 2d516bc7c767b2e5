import { Type } from 'typebox';
import { endpoint } from './endpoint.ts';
import { record } from './record.ts';

const parameter = Type.Optional(Type.String({ maxLength: 4096 }));

/**
 * What a provider sends a browser back with (RFC 6749, 4.1.2; RFC 9207). Not a `record`: a client must ignore what else a
 * provider says, and many say more.
 */
const providerAnswer = Type.Object({
  code: parameter,
  state: parameter,
  iss: parameter,
  error: parameter,
  error_description: parameter,
});

/** Where a browser is sent. */
const address = Type.String();

/** How people sign in, and the way through an OpenID Connect provider: all of it happens in a browser. */
export const signInEndpoints = {
  signInWays: endpoint({
    method: 'GET',
    path: '/sign-in',
    permission: 'anyone',
    summary: 'The ways to sign in that the operator has opened.',
    answer: record({ password: Type.Boolean(), openId: Type.Boolean() }),
  }),
  beginOpenId: endpoint({
    method: 'GET',
    path: '/sign-in/openid',
    permission: 'anyone',
    summary: 'Sends a browser to the OpenID Connect provider to sign in.',
    answer: address,
    status: 303,
    format: 'redirect',
  }),
  finishOpenId: endpoint({
    method: 'GET',
    path: '/sign-in/openid/callback',
    permission: 'anyone',
    summary: 'Where the provider sends the browser back; begins the session.',
    query: providerAnswer,
    answer: address,
    status: 303,
    format: 'redirect',
  }),
};
