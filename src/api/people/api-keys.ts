import type { Contract } from '../../contract/contract.ts';
import type { Permission } from '../../contract/permission.ts';
import { UserError } from '../../errors.ts';
import { type ApiKey, insertApiKey, listApiKeys, revokeApiKey } from '../../store/api-key.ts';
import type { Db } from '../../store/database.ts';
import { newId } from '../../store/new-id.ts';
import { audited } from '../audited.ts';
import { callerMay } from '../caller.ts';
import type { CallContext, Handler } from '../serve.ts';
import { hashToken, newToken } from '../token.ts';
import { refuseKeys } from './sessions.ts';

/** A key that is told no end lives so long. Milliseconds. */
const usualLife = 90 * 24 * 3_600_000;

/** Found by programs that look for leaked secrets. */
const prefix = 'wb_';

function answerOf({ id, name, scopes, createdAt, expiresAt, usedAt }: ApiKey) {
  return {
    id,
    name,
    permissions: scopes as Permission[],
    createdAt: createdAt.toISOString(),
    ...(expiresAt && { expiresAt: expiresAt.toISOString() }),
    ...(usedAt && { lastUsedAt: usedAt.toISOString() }),
  };
}

function endOf(expiresAt: string | undefined): Date {
  const end = expiresAt === undefined ? new Date(Date.now() + usualLife) : new Date(expiresAt);
  if (end.getTime() > Date.now()) return end;
  throw new UserError('api-key-expired', 'A key cannot end in the past.', { field: 'expiresAt' });
}

function refuseMoreThanOwn(permissions: readonly Permission[], { caller }: CallContext): void {
  const tooMuch = permissions.find((permission) => !callerMay(caller, permission));
  if (tooMuch === undefined) return;
  throw new UserError('api-key-too-much', `You may not "${tooMuch}" yourself.`, { field: 'permissions' });
}

const list =
  (db: Db): Handler<Contract['listApiKeys']> =>
  async (_, context) => {
    refuseKeys(context);
    const keys = await listApiKeys(db, context.caller!.personId);
    return { items: keys.filter(({ revokedAt }) => revokedAt === null).map(answerOf) };
  };

const create =
  (db: Db): Handler<Contract['createApiKey']> =>
  async ({ body: { name, permissions, expiresAt } }, context) => {
    refuseKeys(context);
    refuseMoreThanOwn(permissions, context);
    const key = prefix + newToken();
    const { personId } = context.caller!;
    const id = newId('key');
    const secret = { tokenHash: hashToken(key), hint: key.slice(-4) };
    const row = { id, personId, name, ...secret, scopes: permissions, expiresAt: endOf(expiresAt) };
    const deed = { actor: personId, action: 'api-key.create', target: id, details: { name, permissions } };
    return audited(db, deed, async (transaction) => {
      const made = await insertApiKey(transaction, { ...row, usedAt: null, revokedAt: null });
      return { ...answerOf(made), key };
    });
  };

const remove =
  (db: Db): Handler<Contract['deleteApiKey']> =>
  async ({ params: { id } }, context) => {
    refuseKeys(context);
    const { personId } = context.caller!;
    const deed = { actor: personId, action: 'api-key.delete', target: id, details: {} };
    return audited(db, deed, async (transaction) => {
      if (await revokeApiKey(transaction, id, personId, new Date())) return null;
      throw new UserError('api-key-not-found', 'You have no such key.');
    });
  };

/** The own API keys. Only a signed-in session may handle them, never another key. */
export const apiKeyHandlers = (db: Db) => ({
  listApiKeys: list(db),
  createApiKey: create(db),
  deleteApiKey: remove(db),
});
