import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { oddCut, oddDataset, oddOptions, types } from '../../../test/data/odd-csv.ts';
import { KEEP, csvOf, pieces } from '../../../test/encode-csv.ts';
import { UserError } from '../../errors.ts';
import type { BsonOptions } from '../batch.ts';
import { batches } from '../batches.ts';
import { headerRecord } from '../csv-writer.ts';
import type { Column } from '../dataset.ts';
import { countRecords } from '../record-counter.ts';
import { useKernel } from './kernel-module.ts';

interface Cut {
  readonly cuts: readonly number[];
  readonly batchBytes: number;
  readonly maxRows: number;
}

/** Everything that can be seen of a DataSet's batches, put together so that their borders do not matter. */
async function seen(csv: Uint8Array, columns: readonly Column[], options: BsonOptions, cut: Cut) {
  const all = {
    bytes: [] as Uint8Array[],
    values: [] as unknown[],
    documents: [] as string[],
    rows: [] as number[],
    rejected: [] as unknown[],
    truncated: 0,
  };
  for await (const batch of batches(pieces(csv, cut.cuts), columns, cut)) {
    all.bytes.push(batch.bytes.slice());
    all.values.push(...batch.values());
    for (const kind of ['bson', 'jsonl'] as const) {
      const { bytes, ends, rows, count, rejected, truncated } = batch[kind](options);
      assert.deepEqual([ends.length, rows.length, ends.at(-1) ?? 0], [count, count, bytes.length]);
      for (let i = 0; i < count; i++)
        all.documents.push(
          Buffer.from(bytes.subarray(i === 0 ? 0 : ends[i - 1], ends[i])).toString('latin1'),
        );
      all.rows.push(...[...rows].map((row) => row + batch.firstRow));
      all.rejected.push(...rejected);
      all.truncated += truncated;
    }
  }
  return {
    ...all,
    documents: all.documents.toSorted(),
    rows: all.rows.toSorted((a, b) => a - b),
    bytes: Buffer.concat(all.bytes),
  };
}

/** What comes of it, be it a refusal. */
async function outcome<T>(work: () => Promise<T>) {
  try {
    return await work();
  } catch (error) {
    assert(error instanceof UserError, String((error as Error).stack));
    const { code, row, column, message, remedy } = error;
    return { code, row, column, message, remedy };
  }
}

async function count(csv: Uint8Array, columns: readonly Column[], cuts: readonly number[]) {
  const counted = countRecords(pieces(csv, cuts), columns);
  for await (const _ of counted);
  return counted.rows;
}

/** The same by the kernel and by the reference. */
async function same<T>(work: () => Promise<T>) {
  useKernel(false);
  const expected = await outcome(work);
  useKernel(true);
  assert.deepEqual(await outcome(work), expected);
}

test('the kernel and the reference give the same: bytes, values, documents, rejected rows, refusals', async () => {
  const property = fc.asyncProperty(oddDataset, oddOptions, oddCut, async (data, options, cut) => {
    const { columns, rows, project, mark, cutEnd, wrong } = data;
    const lines = rows.map(([cells, end]) => Buffer.from(cells.join(',') + end));
    if (wrong) lines.splice(wrong[0] % (lines.length + 1), 0, Buffer.from(wrong[1], 'latin1'));
    const whole = Buffer.concat([Buffer.from(mark ? '\ufeff' : ''), headerRecord(columns), ...lines]);
    const csv = cutEnd ? whole.subarray(0, -1) : whole;
    await same(() => seen(csv, columns, project ? { ...options, project } : options, cut));
    await same(() => count(csv, columns, cut.cuts));
  });
  await fc.assert(property, { numRuns: 500 });
});

test('any bytes at all, around the borders of 64 bytes: the same rows or the same refusal', async () => {
  // A whole record, a cell that is open, or a cell in quotes that is open; then anything.
  const before = fc
    .tuple(fc.integer({ min: 45, max: 66 }), fc.constantFrom(['', '\n'], ['', ''], ['"', ''], ['"', '"']))
    .map(([length, [open, end]]) => `${open}${'x'.repeat(length)}${end}`);
  const bytes = fc.tuple(before, fc.stringMatching(/^[",\r\n\r\n"" a]{0,24}$/), fc.boolean());
  const property = fc.asyncProperty(
    fc.integer({ min: 1, max: 2 }),
    bytes,
    oddCut,
    async (length, parts, cut) => {
      const columns = Array.from({ length }, (_, i) => ({ name: `c${i}`, type: 'STRING' }) as const);
      const [first, rest, twice] = parts;
      const csv = Buffer.concat([
        headerRecord(columns),
        Buffer.from(first + rest + (twice ? first + rest : '')),
      ]);
      await same(() => seen(csv, columns, KEEP, cut));
      await same(() => count(csv, columns, cut.cuts));
    },
  );
  await fc.assert(property, { numRuns: 700 });
});

test('documents beyond the piece of output, and records beyond the block, are the same', async () => {
  const columns: Column[] = [
    { name: 'a', type: 'STRING' },
    { name: 'b', type: 'LONG' },
  ];
  const line = (length: number, byte: string) => `"${byte.repeat(length)}",${length}\n`;
  const lines = [
    line(600_000, 'x'),
    line(3, 'y').repeat(20_000),
    line(90_000, '\t'),
    line(3_000_000, 'é'),
    line(100, '""').repeat(3000),
  ];
  const csv = Buffer.from(`a,b\n${lines.join('')}`);
  for (const batchBytes of [64 * 1024, 1_500_000])
    await same(() => seen(csv, columns, KEEP, { cuts: [], batchBytes, maxRows: 100_000 }));
  await same(() => count(csv, columns, []));
  const narrow = Buffer.from(`a\n${'\n'.repeat(40_000)}`);
  const cut = { cuts: [], batchBytes: 35_000, maxRows: 100_000 };
  await same(() => seen(narrow, columns.slice(0, 1), { ...KEEP, nulls: 'omit' }, cut));
});

test('two thousand columns are the same', async () => {
  const columns = Array.from({ length: 2000 }, (_, i) => ({
    name: `column ${i}`,
    type: types[i % types.length]!,
  }));
  const values = {
    STRING: 'text',
    LONG: '-12',
    DOUBLE: '1.25',
    DECIMAL: '0.10',
    DATE: '2024-02-29',
    DATETIME: '2024-02-29T01:02:03',
    TIME: '01:02:03',
    BOOLEAN: 'true',
  };
  const row = columns.map(({ type }) => values[type]);
  const csv = csvOf(columns, [row, row.map(() => null), row, row.map(() => 'x'), row]);
  await same(() => seen(csv, columns, KEEP, { cuts: [], batchBytes: 40_000, maxRows: 2 }));
});
