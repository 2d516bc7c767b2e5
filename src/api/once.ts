import { createHmac } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { KeyRing } from '../account/key-ring.ts';
import { UserError, isTold } from '../errors.ts';
import type { Db } from '../store/database.ts';
import { type IdempotencyKey, beginOnce, finishOnce, forgetOnce } from '../store/idempotency-key.ts';
import type { Caller } from './caller.ts';
import { Refusal } from './problem.ts';

/** A call that is to be done once, however often it comes. */
export interface OnceCall {
  readonly personId: string;
  readonly key: string;
  /** All that makes it this call. */
  readonly asked: string;
  /** What it is answered with when it is done. */
  readonly status: number;
}

/** Does the work of a call, or gives the answer that the first one with its key got. */
export type Once = (call: OnceCall, work: () => Promise<unknown>) => Promise<unknown>;

/** The key of a request that bears one. Throws Refusal 400 for one that is none. */
export function onceKeyOf(request: FastifyRequest, { personId }: Caller, status = 200): OnceCall | undefined {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key !== 'string' || key === '' || key.length > 200)
    throw new Refusal(400, 'api-call-invalid', 'An Idempotency-Key has 1 to 200 characters.');
  const { method, url, body } = request;
  return { personId, key, status, asked: JSON.stringify([method, url, body ?? null]) };
}

/** What was asked may hold a password: only who has the master key can try which one it was. */
const hashesOf = (keyRing: KeyRing, asked: string) =>
  keyRing.map(({ bytes }) => createHmac('sha256', bytes).update('idempotency\0').update(asked).digest());

function answerOf(first: IdempotencyKey, hashes: readonly Buffer[]): unknown {
  if (!hashes.some((hash) => hash.equals(first.requestHash)))
    throw new UserError('idempotency-key-conflict', 'This Idempotency-Key was used for something else.', {
      remedy: 'Use a new key for each thing that is to be done.',
    });
  if (first.status !== null) return first.answer;
  throw new UserError(
    'idempotency-key-busy-conflict',
    'The first call with this Idempotency-Key is at work.',
    {
      remedy: 'Ask again in a moment. If it stays so, the first call broke off: look whether it was done.',
    },
  );
}

/** True when nothing was done. What the database itself says may have come after all was saved: its answer to a commit was lost. */
const isRefused = (error: unknown) => error instanceof Refusal || isTold(error);

/**
 * Keeps answers for `Idempotency-Key` in the database. A call that was refused leaves nothing and may be made again; one that
 * broke off with the process, or with the database, keeps its key, because nobody knows how far it came.
 */
export function createOnce(db: Db, keyRing: KeyRing): Once {
  return async ({ personId, key, asked, status }, work) => {
    const hashes = hashesOf(keyRing, asked);
    const first = await beginOnce(db, { personId, key, requestHash: hashes[0]! });
    if (first) return answerOf(first, hashes);
    const answer = await work().catch(async (error: unknown) => {
      if (isRefused(error)) await forgetOnce(db, { personId, key });
      throw error;
    });
    await finishOnce(db, { personId, key }, status, answer);
    return answer;
  };
}
