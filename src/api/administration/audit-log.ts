import type { Contract } from '../../contract/contract.ts';
import { type AuditEntry, auditHead, firstBrokenAudit, listAudit } from '../../store/audit.ts';
import type { Db } from '../../store/database.ts';
import { numberAfter } from '../page.ts';
import type { Handler } from '../serve.ts';

const answerOf = ({ seq, at, actor, action, target, details }: AuditEntry) => ({
  number: seq,
  at: at.toISOString(),
  actorId: actor,
  action,
  target,
  detail: details as unknown,
});

const list =
  (db: Db): Handler<Contract['listAudit']> =>
  async ({ query: { after, limit = 50 } }) => {
    const before = numberAfter(after) || undefined;
    const found = await listAudit(db, { before, limit: limit + 1 });
    const items = found.slice(0, limit).map(answerOf);
    return { items, ...(found.length > limit && { next: String(items.at(-1)!.number) }) };
  };

const verify =
  (db: Db): Handler<Contract['verifyAudit']> =>
  async () => {
    const firstBroken = await firstBrokenAudit(db);
    const { seq: entries } = await auditHead(db);
    return { ok: firstBroken === undefined, entries, ...(firstBroken !== undefined && { firstBroken }) };
  };

/** Who did what, and whether anybody has touched the record of it. */
export const auditHandlers = (db: Db) => ({ listAudit: list(db), verifyAudit: verify(db) });
