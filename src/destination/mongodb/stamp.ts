import { createHash } from 'node:crypto';
import type { RunPart } from '../../connector/contract.ts';

function digest(...parts: string[]): Buffer {
  return createHash('sha256').update(parts.join('\0')).digest();
}

/** The name of the collection that is filled before it is renamed over the target; the same for every attempt. */
export function stagingName(target: string, writebackId: string, database: string): string {
  const mark = `writeback-${digest(writebackId, target).toString('hex', 0, 5)}`;
  const name = `${target}.${mark}`;
  // With the probe's suffix it must fit the limit of 255 bytes that a long target may already use up.
  return Buffer.byteLength(`${database}.${name}.probe`) > 255 ? mark : name;
}

/** The first 7 bytes of every `_id` that a run makes; the row's number is in the other 5. */
export function idPrefix(writebackId: string, runId: string): Uint8Array {
  return digest(writebackId, runId).subarray(0, 7);
}

/** The same for one attempt of one part of a run. */
export function partPrefix(writebackId: string, runId: string, { number, attempt }: RunPart): Uint8Array {
  return digest(writebackId, runId, String(number), attempt).subarray(0, 7);
}

/** The largest row number that an `_id` can hold: 5 bytes. */
export const lastRow = 2 ** 40 - 1;

/** The 12 bytes of a row's `_id`. */
export function idOfRow(prefix: Uint8Array, row: number): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.set(prefix);
  bytes.writeUIntBE(Math.floor(row / 0x1_0000_0000), 7, 1);
  bytes.writeUInt32BE(row % 0x1_0000_0000, 8);
  return bytes;
}
