import { createHash } from 'node:crypto';
import { type Selectable, sql } from 'kysely';
import type { Db, Json } from './database.ts';

/** An entry of the audit log. Each carries the hash of the one before, so that a changed or missing one breaks the chain. */
export interface AuditTable {
  /** Counts from 1 without gaps. */
  seq: number;
  at: Date;
  actor: string;
  /** What was done, such as `account.share`. */
  action: string;
  /** The id of what it was done to. */
  target: string;
  /** Before and after, without secrets. */
  details: Json<Readonly<Record<string, unknown>>>;
  previousHash: Buffer;
  hash: Buffer;
}

export type AuditEntry = Selectable<AuditTable>;

/** What somebody did. */
export type Deed = Pick<AuditEntry, 'actor' | 'action' | 'target' | 'details'>;

/** The last link of the chain. Kept elsewhere, it shows also that entries at the end are missing. */
export type AuditHead = Pick<AuditEntry, 'seq' | 'hash'>;

/** Any constant: whoever writes an entry holds it until its transaction ends, so that the chain has one end. */
const auditLock = 7_391_003;

/** Before the first entry. */
const origin: AuditHead = { seq: 0, hash: Buffer.alloc(32) };

/** JSON with sorted keys: PostgreSQL keeps what an object holds, not the order of its keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) =>
    one !== null && typeof one === 'object' && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  );
}

function hashOf(entry: Omit<AuditEntry, 'hash'>): Buffer {
  const { seq, at, actor, action, target, details, previousHash } = entry;
  const text = canonical([seq, at.toISOString(), actor, action, target, details]);
  return createHash('sha256').update(previousHash).update(text).digest();
}

/** Writes an entry in the transaction that does the deed: either both are there or neither. */
export async function writeAudit(transaction: Db, deed: Deed): Promise<AuditEntry> {
  await sql`select pg_advisory_xact_lock(${auditLock})`.execute(transaction);
  const last = await auditHead(transaction);
  // What undefined stands for is not kept by JSON: only what will be read again may be hashed.
  const details = JSON.parse(JSON.stringify(deed.details)) as AuditEntry['details'];
  const entry = { ...deed, details, seq: last.seq + 1, at: new Date(), previousHash: last.hash };
  const row = { ...entry, details: JSON.stringify(details), hash: hashOf(entry) };
  return transaction.insertInto('audit').values(row).returningAll().executeTakeFirstOrThrow();
}

export async function auditHead(db: Db): Promise<AuditHead> {
  const last = await db.selectFrom('audit').select(['seq', 'hash']).orderBy('seq', 'desc').executeTakeFirst();
  return last ?? origin;
}

/** What a list of entries may be narrowed to; a page begins with the entries older than `before`. */
export interface AuditFilter {
  readonly target?: string | undefined;
  readonly before?: number | undefined;
  readonly limit: number;
}

/** The newest first. */
export async function listAudit(db: Db, { target, before, limit }: AuditFilter): Promise<AuditEntry[]> {
  return db
    .selectFrom('audit')
    .selectAll()
    .$if(target !== undefined, (query) => query.where('target', '=', target!))
    .$if(before !== undefined, (query) => query.where('seq', '<', before!))
    .orderBy('seq', 'desc')
    .limit(limit)
    .execute();
}

/** Entries that are read at once while the chain is verified. */
const page = 1000;

/** Goes through the whole chain. Gives the number of the first entry that is missing or not what was written; undefined when all is well. */
export async function firstBrokenAudit(db: Db): Promise<number | undefined> {
  let last = origin;
  for (;;) {
    const entries = await db
      .selectFrom('audit')
      .selectAll()
      .where('seq', '>', last.seq)
      .orderBy('seq')
      .limit(page)
      .execute();
    for (const entry of entries) {
      const follows = entry.seq === last.seq + 1 && entry.previousHash.equals(last.hash);
      if (!follows || !hashOf(entry).equals(entry.hash)) return last.seq + 1;
      last = entry;
    }
    if (entries.length < page) return undefined;
  }
}
