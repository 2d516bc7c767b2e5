import { UserError } from '../../errors.ts';
import type { Engine } from '../../run/engine.ts';
import { startRun } from '../../run/run.ts';
import type { Db } from '../../store/database.ts';
import { isDuplicate } from '../../store/explain-store-error.ts';
import { newId } from '../../store/new-id.ts';
import { findLiveRun, liveRunIndex } from '../../store/run.ts';
import { findWriteback } from '../../store/writeback.ts';
import { audited } from '../audited.ts';
import type { CallContext } from '../serve.ts';

/** What starts runs. */
export interface RunParts {
  readonly db: Db;
  readonly engine: Engine;
}

/** What a person wants to run. */
export interface Wish {
  readonly writebackId: string;
  /** The newest unless told. */
  readonly version?: number;
  readonly dryRun?: boolean | undefined;
}

/** Who wants it, and in which call. */
type Asked = Pick<CallContext, 'caller' | 'traceparent'>;

async function begin({ db, engine }: RunParts, { caller, traceparent }: Asked, wish: Wish): Promise<string> {
  const { personId } = caller!;
  const { writebackId, dryRun = false } = wish;
  const id = newId('run');
  const deed = { actor: personId, action: 'run.start', target: id, details: { ...wish } };
  return audited(db, deed, async (transaction) => {
    const writeback = await findWriteback(transaction, writebackId);
    if (!writeback) throw new UserError('writeback-not-found', 'There is no such writeback.');
    const { version = writeback.version } = wish;
    const how = { cause: 'manual', dueAt: null, dryRun, requestedBy: personId } as const;
    const run = { id, writebackId, version, ...how, traceparent: traceparent ?? null };
    await startRun(transaction, engine, run, writeback.accountId ?? undefined);
    return id;
  });
}

/**
 * Starts a run, paused or not: who asks for it wants it. Gives its id, or that of the one that is on its way. Throws UserError
 * `writeback-not-found`.
 */
export async function startNow(parts: RunParts, asked: Asked, wish: Wish): Promise<string> {
  for (;;) {
    try {
      return await begin(parts, asked, wish);
    } catch (error) {
      if (!isDuplicate(error, liveRunIndex)) throw error;
      const live = await findLiveRun(parts.db, wish.writebackId);
      // It ended in this moment: ours can begin.
      if (live) return live.id;
    }
  }
}
