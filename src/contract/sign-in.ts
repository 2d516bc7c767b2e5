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

/** What a session is called in a browser; the prefix binds it to this very host (RFC 6265bis, 4.1.3.2). */
export const sessionCookie = '__Host-writeback';

/** A port of loopback on which a terminal waits for its session, and the path that only it knows. */
export const terminalPlace = /^[1-9][0-9]{3,4}\/[A-Za-z0-9_-]{32,64}$/;

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
    summary:
      'Sends a browser to the OpenID Connect provider to sign in, for itself or for a terminal of its machine.',
    query: record({ terminal: Type.Optional(Type.String({ pattern: terminalPlace.source })) }),
    answer: address,
    status: 303,
    format: 'redirect',
  }),
  finishOpenId: endpoint({
    method: 'GET',
    path: '/sign-in/openid/callback',
    permission: 'anyone',
    summary:
      'Where the provider sends the browser back; begins the session, and sends it on to where that is wanted.',
    query: providerAnswer,
    answer: address,
    status: 303,
    format: 'redirect',
  }),
};
