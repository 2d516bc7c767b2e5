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

/** The rows that were found are those that were sent. Tells the first that differs, and not thousands of others. */
export function assertSameRows(
  found: readonly StoredRow[] | undefined,
  sent: readonly StoredRow[],
  columns: readonly Column[],
) {
  assert.ok(found, 'something is published');
  assert.equal(found.length, sent.length, 'as many rows as were sent');
  const actual = comparableRows(found, columns);
  const expected = comparableRows(sent, columns);
  const differing = actual.findIndex((row, index) => row !== expected[index]);
  assert.equal(actual[differing]?.slice(0, 2_000), expected[differing]?.slice(0, 2_000));
  assert.equal(differing, -1, 'a row differs beyond its first 2,000 characters');
}

/** What a reader finds now; `undefined` when nothing may be published. */
export async function assertStored(
  { target }: Trial,
  columns: readonly Column[],
  rows: readonly StoredRow[] | undefined,
) {
  const stored = await target.stored();
  if (rows === undefined) assert.equal(stored?.length, undefined, 'nothing is published');
  else assertSameRows(stored, rows, columns);
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
