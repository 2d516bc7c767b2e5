import assert from 'node:assert/strict';
import { bothWays as test } from '../../test/both-ways.ts';
import * as fc from 'fast-check';
import { columnsOf, csvOf, encoded, jsonOf } from '../../test/encode-csv.ts';
import type { ColumnType } from './dataset.ts';

test('JSON numbers keep all their digits in a form that JSON allows', async () => {
  const json = async (type: ColumnType, cell: string) => (await jsonOf(type, cell))?.slice(6, -2);
  assert.equal(await json('LONG', '-007'), '-7');
  assert.equal(await json('LONG', '-0'), '0');
  assert.equal(await json('LONG', '+9223372036854775807'), '9223372036854775807');
  assert.equal(await json('DOUBLE', '1.'), '1');
  assert.equal(await json('DOUBLE', '.5'), '0.5');
  assert.equal(await json('DOUBLE', '+00.10E+05'), '0.10E+05');
  assert.equal(await json('DECIMAL', '-0001234567890123456789.10'), '-1234567890123456789.10');
  assert.equal(await json('DATE', '2024-02-29'), '"2024-02-29"');
  assert.equal(await json('DATETIME', '2024-02-29 10:00:00'), '"2024-02-29T10:00:00Z"');
  assert.equal(await json('BOOLEAN', 'TRUE'), 'true');
});

test('JSON of any text and any number is what JSON.parse reads', async () => {
  const numbers = fc.stringMatching(/^[+-]?([0-9]{1,9}\.?|[0-9]{0,5}\.[0-9]{1,5})([eE][+-]?[0-9]{1,2})?$/);
  const property = fc.asyncProperty(
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: 'binary-ascii' }),
    numbers,
    async (a, b, number) => {
      const row = [a, b.replaceAll('\0', ''), number];
      const { documents } = await encoded(
        csvOf(columnsOf('STRING', 'STRING', 'DOUBLE'), [row]),
        columnsOf('STRING', 'STRING', 'DOUBLE'),
        'jsonl',
      );
      assert.deepEqual(JSON.parse(Buffer.from(documents[0]!).toString()), {
        c0: row[0],
        c1: row[1],
        c2: Number(number),
      });
    },
  );
  await fc.assert(property, { numRuns: 300 });
});

test('long texts full of characters that grow are written whole', async () => {
  const long = `${'\u0001"\\é'.repeat(50_000)}end`;
  const { documents } = await encoded(csvOf(columnsOf('STRING'), [[long]]), columnsOf('STRING'), 'jsonl');
  assert.equal(JSON.parse(Buffer.from(documents[0]!).toString()).c0, long);
});

test('a reason shows at most 40 characters of the value and no control characters', async () => {
  assert.match(
    (await jsonOf('LONG', '"\u001b[2J\n12"')) ?? '',
    /^The value " \[2J 12" is not a whole number/,
  );
  const shown = /"(.*)"/.exec((await jsonOf('LONG', 'é'.repeat(300))) ?? '')?.[1];
  assert.equal(shown, `${'é'.repeat(39)}…`);
});
