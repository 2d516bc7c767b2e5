import { Type } from 'typebox';
import { endpoint } from './endpoint.ts';
import { byId, id, instant, name, nothing, oneOf, pageOf, paging, paneValues, record } from './record.ts';

/** What a person may do with an account that is not theirs, from most to least. */
export const accessLevels = ['owner', 'edit', 'share', 'read', 'none'] as const;

const share = record({ personId: id, access: oneOf(accessLevels) });

/** `domo` is an account of the source; all others are of the connector with that id. */
const account = record({
  id,
  name,
  connector: Type.String(),
  /** What is no secret. */
  credentials: paneValues,
  /** Ids of the secret fields that have a value. */
  secrets: Type.Array(Type.String()),
  access: oneOf(accessLevels),
  usedBy: Type.Integer(),
  createdAt: instant,
  updatedAt: instant,
  lastTest: Type.Optional(record({ at: instant, ok: Type.Boolean() })),
});

export const testStep = record({
  name: Type.String(),
  ok: Type.Boolean(),
  time: Type.Number(),
  message: Type.String(),
  remedy: Type.Optional(Type.String()),
});

/** Saved credentials. */
export const accountEndpoints = {
  listAccounts: endpoint({
    method: 'GET',
    path: '/accounts',
    permission: 'read',
    summary: 'Accounts that the person may see.',
    query: record({
      ...paging,
      connector: Type.Optional(Type.String()),
      sort: Type.Optional(oneOf(['name', 'connector', 'createdAt', 'updatedAt'])),
    }),
    answer: pageOf(account),
  }),
  createAccount: endpoint({
    method: 'POST',
    path: '/accounts',
    permission: 'edit',
    summary: 'Saves credentials; without a name it is called "<Connector> Account".',
    body: record({ connector: Type.String(), name: Type.Optional(name), credentials: paneValues }),
    answer: account,
    status: 201,
    idempotent: true,
  }),
  getAccount: endpoint({
    method: 'GET',
    path: '/accounts/{id}',
    permission: 'read',
    summary: 'One account, without its secrets.',
    params: byId,
    answer: account,
  }),
  changeAccount: endpoint({
    method: 'PATCH',
    path: '/accounts/{id}',
    permission: 'edit',
    summary:
      'Changes name or credentials. Another host, port or endpoint clears the secrets that are not sent again.',
    params: byId,
    body: record({ name: Type.Optional(name), credentials: Type.Optional(paneValues) }),
    answer: account,
  }),
  deleteAccount: endpoint({
    method: 'DELETE',
    path: '/accounts/{id}',
    permission: 'edit',
    summary:
      'Deletes an account. While writebacks use it, it is refused and they are listed, unless `evenIfUsed`.',
    params: byId,
    query: record({ evenIfUsed: Type.Optional(Type.Boolean()) }),
    answer: nothing,
    status: 204,
  }),
  testAccount: endpoint({
    method: 'POST',
    path: '/accounts/{id}/test',
    permission: 'operate',
    summary:
      'Tests the connection, step by step. `details` are those of the writeback that is being made; a Domo account has none.',
    params: byId,
    body: record({ details: Type.Optional(paneValues) }),
    answer: record({ ok: Type.Boolean(), steps: Type.Array(testStep) }),
  }),
  listShares: endpoint({
    method: 'GET',
    path: '/accounts/{id}/shares',
    permission: 'read',
    summary: 'Who may do what with the account.',
    params: byId,
    answer: record({ items: Type.Array(share) }),
  }),
  shareAccount: endpoint({
    method: 'PUT',
    path: '/accounts/{id}/shares',
    permission: 'edit',
    summary: 'Gives a person access, or takes it with `none`. At least one owner remains.',
    params: byId,
    body: share,
    answer: record({ items: Type.Array(share) }),
  }),
};
