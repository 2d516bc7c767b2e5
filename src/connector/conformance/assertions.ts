import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Column } from '../../dataset/dataset.ts';
import { type StoredRow, comparableRows } from './rows.ts';
import type { Trial } from './trial.ts';

/** Registers one test; `work` gets a target of its own. */
export type Register = (title: string, work: (trial: Trial) => Promise<void>) => void;

/** Milliseconds: "within a second", with room for a busy machine. */
export const soon = 5_000;

export async function assertStored(
  { target }: Trial,
  columns: readonly Column[],
  rows: readonly StoredRow[] | undefined,
) {
  const stored = await target.stored();
  if (rows === undefined) return assert.equal(stored, undefined, 'nothing is published');
  assert.ok(stored, 'something is published');
  assert.equal(stored.length, rows.length, 'as many rows as were sent');
  assert.deepEqual(comparableRows(stored, columns), comparableRows(rows, columns));
}

/** Temporary things may take the server a moment to drop after a connection died. */
export async function assertClean({ target }: Trial) {
  let left = await target.leftovers();
  for (let tries = 0; left.length > 0 && tries < 20; tries++) {
    await sleep(50);
    left = await target.leftovers();
  }
  assert.deepEqual(left, [], 'nothing temporary is left');
}

/** A port of this machine on which nobody listens. */
export async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
