import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { mixedColumns, mixedCsv } from '../../../test/data/mixed-rows.ts';
import { types } from '../../../test/data/odd-csv.ts';
import { KEEP, csvOf, pieces } from '../../../test/encode-csv.ts';
import { bsonRows } from '../bson-rows.ts';
import type { Column } from '../dataset.ts';
import { DocumentOutput } from '../document-output.ts';
import { jsonlRows } from '../jsonl-rows.ts';
import { recordBlocks } from '../record-blocks.ts';

/** Rows of each block that the kernel left to the reference. */
async function leftOver(
  csv: Uint8Array,
  columns: readonly Column[],
  format: typeof bsonRows | typeof jsonlRows,
) {
  const rows: number[] = [];
  for await (const block of recordBlocks(pieces(csv), columns, { blockBytes: 1024 * 1024 })) {
    const { kernel } = block;
    assert(kernel);
    assert(kernel.setPlan(format(columns, KEEP).plan, undefined, block.firstRow));
    const out = new DocumentOutput();
    out.begin(block.rows);
    for (let row = 0; row < block.rows; row++) {
      row = kernel.encode(row, out);
      if (row < block.rows) rows.push(block.firstRow + row);
    }
  }
  return rows;
}

test('ordinary values never leave the kernel', async () => {
  const mixed = Buffer.concat([...mixedCsv(20_000)]);
  const columns = types.map((type) => ({ name: type, type }));
  const moments = fc.date({ min: new Date('0001-01-02'), max: new Date('9999-12-30'), noInvalidDate: true });
  const row = fc.tuple(
    fc.string({ unit: 'grapheme' }),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.bigInt({ min: -(10n ** 32n), max: 10n ** 32n }),
    moments,
    fc.boolean(),
  );
  const csv = csvOf(
    columns,
    fc.sample(row, 2000).map(([text, long, double, decimal, moment, boolean]) => {
      const iso = moment.toISOString();
      const [day = '', clock = ''] = iso.slice(0, -1).split('T');
      return [
        text.replaceAll('\0', ''),
        String(long),
        String(double),
        `${decimal}.5`,
        day,
        boolean ? iso : iso.replace('Z', '+05:30'),
        clock,
        String(boolean),
      ];
    }),
  );
  for (const format of [bsonRows, jsonlRows]) {
    assert.deepEqual(await leftOver(mixed, mixedColumns, format), []);
    assert.deepEqual(await leftOver(csv, columns, format), []);
  }
});

test('a row that cannot be written is left to the reference, the others are not', async () => {
  const columns: Column[] = [{ name: 'n', type: 'LONG' }];
  const csv = Buffer.from('n\n1\nx\n3\n');
  for (const format of [bsonRows, jsonlRows]) assert.deepEqual(await leftOver(csv, columns, format), [2]);
});
