import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, createClient } from '../../src/contract/client.ts';
import { UserError } from '../../src/errors.ts';
import type { Db } from '../../src/store/database.ts';
import { newApiKey } from '../servers/store-rows.ts';

/** Runs a writeback once, as somebody does who sends the call until it is answered. */
export type RunByApi = (writebackId: string) => Promise<void>;

/** Milliseconds after which a call that is told to be at work is taken for one that broke off. */
const patience = 3_000;

const isBusy = (error: unknown) =>
  error instanceof UserError && error.code === 'idempotency-key-busy-conflict';

/** Asks until there is an answer, or the refusal that it is. */
async function persistently<T>(ask: () => Promise<T>, until = Infinity): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (error instanceof UserError && (!isBusy(error) || performance.now() > until)) throw error;
      await sleep(100);
    }
  }
}

async function newestRun(client: () => Client, writebackId: string): Promise<string | undefined> {
  const { items } = await persistently(() => client().listRuns({ query: { writebackId, limit: 1 } }));
  return items[0]?.id;
}

/**
 * Calls with an API key of the person's; `address` is where the API is just now. Each wish has one `Idempotency-Key`, until a
 * call under it has broken off: then it does what the refusal says, and looks whether there is a run.
 */
export async function persistentCaller(db: Db, personId: string, address: () => string): Promise<RunByApi> {
  const authorization = `Bearer ${await newApiKey(db, personId, ['operate', 'read'])}`;
  const client = (key = randomUUID()) =>
    createClient({
      baseUrl: `${address()}/api`,
      headers: { authorization, 'idempotency-key': key },
      fetch,
    });
  return async (writebackId) => {
    const before = await newestRun(client, writebackId);
    do {
      const key = randomUUID();
      const wish = { params: { id: writebackId }, body: {} };
      const until = performance.now() + patience;
      try {
        await persistently(() => client(key).runWriteback(wish), until);
        return;
      } catch (error) {
        if (!isBusy(error)) throw error;
      }
    } while ((await newestRun(client, writebackId)) === before);
  };
}
