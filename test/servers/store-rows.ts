import { hashToken, newToken } from '../../src/api/token.ts';
import type { Permission } from '../../src/contract/permission.ts';
import { insertApiKey } from '../../src/store/api-key.ts';
import type { Db } from '../../src/store/database.ts';
import { newId } from '../../src/store/new-id.ts';
import { insertPerson } from '../../src/store/person.ts';
import type { NewRun } from '../../src/store/run.ts';
import { insertWriteback } from '../../src/store/writeback.ts';

/** Somebody, with an address of their own unless told. */
export async function newPerson(db: Db, email = `${newId('person')}@example.com`) {
  return insertPerson(db, { id: newId('person'), email, name: 'Ann', role: 'editor' });
}

/** An API key of a person's for a day: what is sent as the bearer token. */
export async function newApiKey(db: Db, personId: string, scopes: Permission[]): Promise<string> {
  const token = newToken();
  const expiresAt = new Date(Date.now() + 86_400_000);
  const rest = { name: 'Key', hint: token.slice(-4), scopes, expiresAt };
  await insertApiKey(db, { id: newId('key'), personId, tokenHash: hashToken(token), ...rest });
  return token;
}

/** A writeback, somebody's unless told whose. */
export async function newWriteback(db: Db, ownerId?: string) {
  const owner = ownerId ?? (await newPerson(db)).id;
  const what = { name: 'Sales', connector: 'folder', version: 1 };
  return insertWriteback(db, { id: newId('writeback'), ownerId: owner, ...what });
}

/** What a run is before it is inserted. */
export function newRun(writebackId: string, dueAt: Date | null = null): NewRun {
  return { id: newId('run'), writebackId, version: 1, cause: 'manual', dueAt };
}
