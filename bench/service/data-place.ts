import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sessionCookie } from '../../src/contract/sign-in.ts';
import { hashToken, newToken } from '../../src/api/token.ts';
import { createLog } from '../../src/log.ts';
import { openStore } from '../../src/store/open.ts';
import type { Db } from '../../src/store/database.ts';
import { newId } from '../../src/store/new-id.ts';
import { insertSession } from '../../src/store/session.ts';
import { newPerson } from '../../test/servers/store-rows.ts';

/** An empty data folder; `stack` removes it. The database's own user may pass through it. */
export async function newDataFolder(stack: AsyncDisposableStack): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'writeback-bench-service-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  await chmod(folder, 0o711);
  return folder;
}

/** A data folder whose database is open here too, with somebody who may call the API. */
export interface Place {
  readonly folder: string;
  readonly db: Db;
  readonly ownerId: string;
  /** What the person's calls are sent with: a session's cookie, because calls of an API key are limited. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Makes one; `stack` closes and removes it. */
export async function newPlace(stack: AsyncDisposableStack): Promise<Place> {
  const folder = await newDataFolder(stack);
  const store = await openStore(
    { dataFolder: folder },
    createLog(() => {}),
    new AbortController().signal,
  );
  stack.defer(() => store.close());
  const db = store.kysely;
  const { id: ownerId } = await newPerson(db);
  const token = newToken();
  const expiresAt = new Date(Date.now() + 86_400_000);
  const who = { personId: ownerId, tokenHash: hashToken(token), expiresAt };
  await insertSession(db, { id: newId('session'), ...who });
  return { folder, db, ownerId, headers: { cookie: `${sessionCookie}=${token}` } };
}
