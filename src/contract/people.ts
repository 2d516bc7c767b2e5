import { Type } from 'typebox';
import { endpoint } from './endpoint.ts';
import { permissions, roles } from './permission.ts';
import { byId, id, instant, name, nothing, oneOf, pageOf, paging, record } from './record.ts';

const email = Type.String({ format: 'email', maxLength: 254 });
/** Length alone makes a password good (NIST SP 800-63B, 5.1.1.2). */
const newPassword = Type.String({ minLength: 12, maxLength: 200 });

export const person = record({
  id,
  name,
  email,
  role: oneOf(roles),
  createdAt: instant,
  lastSeenAt: Type.Optional(instant),
  disabled: Type.Boolean(),
});

const apiKey = record({
  id,
  name,
  permissions: Type.Array(oneOf(permissions)),
  createdAt: instant,
  expiresAt: Type.Optional(instant),
  lastUsedAt: Type.Optional(instant),
});

/** Signing in, people and their API keys. */
export const peopleEndpoints = {
  createAdministrator: endpoint({
    method: 'POST',
    path: '/setup',
    permission: 'anyone',
    summary: 'Creates the administrator, once, with the token of the link that the first start printed.',
    body: record({ token: Type.String(), name, email, password: newPassword }),
    answer: person,
    status: 201,
  }),
  signIn: endpoint({
    method: 'POST',
    path: '/session',
    permission: 'anyone',
    summary: 'Signs in; the session is a cookie.',
    body: record({ email, password: Type.String({ maxLength: 200 }) }),
    answer: person,
  }),
  signOut: endpoint({
    method: 'DELETE',
    path: '/session',
    permission: 'signedIn',
    summary:
      'Ends this session, or the API key that calls; with `everywhere` every session of this person too.',
    query: record({ everywhere: Type.Optional(Type.Boolean()) }),
    answer: nothing,
    status: 204,
  }),
  whoAmI: endpoint({
    method: 'GET',
    path: '/session',
    permission: 'signedIn',
    summary: 'The person who calls.',
    answer: person,
  }),
  changePassword: endpoint({
    method: 'PUT',
    path: '/session/password',
    permission: 'signedIn',
    summary: 'Changes the own password and ends all other sessions.',
    body: record({ current: Type.String({ maxLength: 200 }), password: newPassword }),
    answer: nothing,
    status: 204,
  }),
  listPeople: endpoint({
    method: 'GET',
    path: '/people',
    permission: 'read',
    summary: 'People, by name.',
    query: record(paging),
    answer: pageOf(person),
  }),
  createPerson: endpoint({
    method: 'POST',
    path: '/people',
    permission: 'administer',
    summary: 'Creates a person; without a password they sign in through OpenID Connect alone.',
    body: record({ name, email, role: oneOf(roles), password: Type.Optional(newPassword) }),
    answer: person,
    status: 201,
    idempotent: true,
  }),
  changePerson: endpoint({
    method: 'PATCH',
    path: '/people/{id}',
    permission: 'administer',
    summary: 'Changes name, role or password, or disables a person; their sessions end.',
    params: byId,
    body: record({
      name: Type.Optional(name),
      role: Type.Optional(oneOf(roles)),
      password: Type.Optional(newPassword),
      disabled: Type.Optional(Type.Boolean()),
    }),
    answer: person,
  }),
  listApiKeys: endpoint({
    method: 'GET',
    path: '/api-keys',
    permission: 'signedIn',
    summary: 'The own API keys; the keys themselves are never shown again.',
    answer: record({ items: Type.Array(apiKey) }),
  }),
  createApiKey: endpoint({
    method: 'POST',
    path: '/api-keys',
    permission: 'signedIn',
    summary: 'Makes an API key, shown this once. Only a signed-in session may, never another key.',
    body: record({
      name,
      permissions: Type.Array(oneOf(permissions), { minItems: 1, uniqueItems: true }),
      expiresAt: Type.Optional(instant),
    }),
    answer: record({ ...apiKey.properties, key: Type.String() }),
    status: 201,
  }),
  deleteApiKey: endpoint({
    method: 'DELETE',
    path: '/api-keys/{id}',
    permission: 'signedIn',
    summary: 'Ends an API key.',
    params: byId,
    answer: nothing,
    status: 204,
  }),
};
