import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { bothWays as test } from '../../test/both-ways.ts';
import { BSON, Long, ObjectId } from 'bson';
import * as fc from 'fast-check';
import { KEEP, bsonOf, columnsOf, csvOf, encoded, pieces } from '../../test/encode-csv.ts';
import type { EncodeOptions } from './batch.ts';
import { batches } from './batches.ts';
import type { Column } from './dataset.ts';

const require = createRequire(import.meta.url);

const nulls = Buffer.from('s,n\n,\n"",""\n\\N,\\N\n"\\N",7\n');
const textAndLong: Column[] = [
  { name: 's', type: 'STRING' },
  { name: 'n', type: 'LONG' },
];

test('nulls: explicit, absent or empty; an empty text is none, an empty quoted number is', async () => {
  const read = async (policy: EncodeOptions['nulls']) => {
    const options = { ...KEEP, nulls: policy };
    const { documents } = await encoded(nulls, textAndLong, 'bson', options);
    const json = await encoded(nulls, textAndLong, 'jsonl', options);
    const found = documents.map((bytes) => BSON.deserialize(bytes));
    assert.deepEqual(
      json.documents.map((bytes) => JSON.parse(Buffer.from(bytes).toString())),
      found,
    );
    return found;
  };
  assert.deepEqual(await read('null'), [
    { s: null, n: null },
    { s: '', n: null },
    { s: null, n: null },
    { s: '\\N', n: 7 },
  ]);
  assert.deepEqual(await read('omit'), [{}, { s: '' }, {}, { s: '\\N', n: 7 }]);
  assert.deepEqual(await read('empty'), [
    { s: '', n: '' },
    { s: '', n: '' },
    { s: '', n: '' },
    { s: '\\N', n: 7 },
  ]);
  for await (const batch of batches(pieces(nulls), textAndLong))
    assert.deepEqual(batch.values(), [
      [null, null],
      ['', null],
      [null, null],
      ['\\N', '7'],
    ]);
});

test('field names: kept or replaced; names that collide after that are refused', async () => {
  const columns: Column[] = ['$a.b', 'x$', '', 'é'].map((name) => ({ name, type: 'STRING' }));
  const csv = csvOf(columns, [['1', '2', '3', '4']]);
  const names = async (fieldNames: EncodeOptions['fieldNames']) => {
    const { documents } = await encoded(csv, columns, 'bson', { ...KEEP, fieldNames });
    return Object.keys(BSON.deserialize(documents[0]!));
  };
  assert.deepEqual(await names('keep'), ['$a.b', 'x$', '', 'é']);
  assert.deepEqual(await names('replace'), ['_a_b', 'x$', '', 'é']);
  const twice: Column[] = ['a.b', 'a_b'].map((name) => ({ name, type: 'STRING' }));
  for (const kind of ['bson', 'jsonl'] as const) {
    await encoded(csvOf(twice, [['1', '2']]), twice, kind);
    const collide = encoded(csvOf(twice, [['1', '2']]), twice, kind, { ...KEEP, fieldNames: 'replace' });
    await assert.rejects(collide, { code: 'columns-collide', column: 'a_b', message: /"a.b" and "a_b"/ });
    const same: Column[] = ['a', 'a'].map((name) => ({ name, type: 'STRING' }));
    await assert.rejects(encoded(csvOf(same, [['1', '2']]), same, kind), { code: 'columns-collide' });
  }
});

test('_id of prefix and row number, elements appended, columns projected', async () => {
  const idPrefix = Buffer.from('0102030405ff07', 'hex');
  const append = BSON.serialize({ run: 'r1', part: 5 }).slice(4, -1);
  const csv = Buffer.from('s,n\na,1\n\nb,x\nc,3\n');
  const options = { ...KEEP, idPrefix, append, project: [1] };
  const { documents, rows, rejected } = await encoded(csv, textAndLong, 'bson', options, { maxRows: 2 });
  const expected = [1, 3].map((n) => {
    const id = new ObjectId(`0102030405ff07000000000${n}`);
    return Buffer.from(BSON.serialize({ _id: id, n: Long.fromNumber(n), run: 'r1', part: 5 }));
  });
  assert.deepEqual(
    documents.map((bytes) => Buffer.from(bytes)),
    expected,
  );
  assert.deepEqual(rows, [1, 3]);
  assert.deepEqual(
    rejected.map(({ row, column }) => [row, column]),
    [[2, 'n']],
  );
  const own: Column[] = [{ name: '_id', type: 'STRING' }];
  const kept = await encoded(Buffer.from('_id\nmine\n'), own, 'bson', { ...KEEP, idPrefix });
  assert.deepEqual(BSON.deserialize(kept.documents[0]!), { _id: 'mine' });
});

test('a row is refused or not whatever is projected; the others go on', async () => {
  const csv = Buffer.from(`s,n\na,1\nb,${'9'.repeat(60)}\n"${'x'.repeat(16 * 1024 * 1024)}",3\nd,4\n`);
  const all = await encoded(csv, textAndLong, 'bson');
  const first = await encoded(csv, textAndLong, 'bson', { ...KEEP, project: [1] });
  assert.deepEqual(all.rejected, first.rejected);
  assert.deepEqual(all.rows, [1, 4]);
  assert.deepEqual(first.rows, all.rows);
  assert.deepEqual(
    all.rejected.map(({ row, column }) => [row, column]),
    [
      [2, 'n'],
      [3, undefined],
    ],
  );
  assert.equal(
    all.rejected[0]!.reason,
    `The value "${'9'.repeat(39)}…" is not a whole number of 64 bits (LONG).`,
  );
  assert.match(all.rejected[1]!.reason, /16 MB/);
});

test('a document of exactly 16 MB is written, one byte more is refused', async () => {
  const size = 16 * 1024 * 1024 - BSON.serialize({ c0: '' }).length;
  assert.equal((await bsonOf('STRING', 'x'.repeat(size))).bytes?.length, 16 * 1024 * 1024);
  assert.match((await bsonOf('STRING', 'x'.repeat(size + 1))).reason ?? '', /16 MB/);
});

test('views of one batch live side by side', async () => {
  for await (const batch of batches(pieces(Buffer.from('s,n\na,1\n')), textAndLong)) {
    const [one, two] = [batch.bson(KEEP), batch.bson({ ...KEEP, project: [1] })];
    assert.deepEqual(BSON.deserialize(one.bytes.slice()), { s: 'a', n: 1 });
    assert.deepEqual(BSON.deserialize(two.bytes.slice()), { n: 1 });
  }
});

test('a record is given as it came, also after its batch was encoded', async () => {
  const records = ['a,1', '"b ""2"", ☃\nx",2', ',', `"${'x'.repeat(3_000)}",bad`, '"",5'];
  const csv = Buffer.from(`s,n\r\n${records.join('\r\n')}\n\n"last",6`);
  const found = new Map<number, string | undefined>();
  // The fourth record is larger than a batch, and so stands outside of the kernel.
  for await (const batch of batches(pieces(csv, [7, 90]), textAndLong, { batchBytes: 512 })) {
    batch.bson(KEEP);
    for (let row = batch.firstRow; row < batch.firstRow + batch.rows; row++)
      found.set(row, batch.record(row));
    assert.equal(batch.record(batch.firstRow - 1), undefined);
    assert.equal(batch.record(batch.firstRow + batch.rows), undefined);
  }
  assert.deepEqual([...found.values()], [...records, '"last",6']);
  assert.deepEqual([...found.keys()], [1, 2, 3, 4, 5, 6]);
});

test('rows that were picked out of a DataSet keep their numbers, in their ids and when they are refused', async () => {
  const csv = Buffer.from('s,n\na,1\nb,x\nc,3\n');
  const idPrefix = new Uint8Array(7);
  const rowNumbers = [3, 500, 4_294_967_299];
  const numbers: number[] = [];
  for await (const batch of batches(pieces(csv), textAndLong, { rowNumbers })) {
    const { bytes, count, rejected } = batch.bson({ ...KEEP, idPrefix });
    numbers.push(...rejected.map(({ row }) => -row));
    if (count === 0) continue;
    const { _id } = BSON.deserialize(bytes.slice()) as { _id: ObjectId };
    numbers.push(Number(`0x${_id.toHexString().slice(14)}`));
    assert.equal(batch.record(batch.firstRow)?.split(',')[1], String(numbers.length));
  }
  assert.deepEqual(numbers, [3, -500, 4_294_967_299]);
});

test('cuts of the chunks and sizes of the batches change nothing', async () => {
  const columns = columnsOf('STRING', 'LONG', 'DATETIME');
  const cells = fc.tuple(
    fc.oneof(fc.constant(null), fc.string({ unit: 'grapheme' })),
    fc.constantFrom(null, '1', 'x', '9223372036854775807'),
    fc.constantFrom(null, '2024-01-01T00:00:00.1234', 'now'),
  );
  const property = fc.asyncProperty(
    fc.array(cells),
    fc.array(fc.nat()),
    fc.integer({ min: 1, max: 99 }),
    async (rows, cuts, size) => {
      const csv = csvOf(columns, rows);
      for (const kind of ['bson', 'jsonl'] as const) {
        const small = await encoded(csv, columns, kind, KEEP, { cuts, batchBytes: size, maxRows: 3 });
        assert.deepEqual(small, await encoded(csv, columns, kind));
      }
    },
  );
  await fc.assert(property, { numRuns: 100 });
});

test('naughty strings come through values, BSON and JSON Lines as they are', async () => {
  const naughty: string[] = require('big-list-of-naughty-strings/blns.json');
  const strings = naughty.filter((text) => text.isWellFormed());
  assert(strings.length > 400);
  const columns = columnsOf('STRING', 'STRING');
  const csv = csvOf(
    columns,
    strings.map((text) => [text, 'x']),
  );
  const bson = await encoded(csv, columns, 'bson');
  assert.deepEqual(
    bson.documents.map((bytes) => BSON.deserialize(bytes)['c0']),
    strings,
  );
  const json = await encoded(csv, columns, 'jsonl');
  assert.deepEqual(
    json.documents.map((bytes) => JSON.parse(Buffer.from(bytes).toString()).c0),
    strings,
  );
  for await (const batch of batches(pieces(csv), columns))
    assert.deepEqual(
      batch.values().map(([text]) => text),
      strings,
    );
});

test('csv-spectrum is read as expected; its file with quotes in an unquoted cell is refused', async () => {
  const folder = require.resolve('csv-spectrum/package.json').replace('package.json', '');
  const names =
    'comma_in_quotes empty empty_crlf escaped_quotes json newlines newlines_crlf quotes_and_newlines simple simple_crlf utf8';
  for (const name of names.split(' ')) {
    const csv = readFileSync(`${folder}csvs/${name}.csv`);
    const expected: Record<string, string>[] = JSON.parse(readFileSync(`${folder}json/${name}.json`, 'utf8'));
    const columns: Column[] = Object.keys(expected[0]!).map((name) => ({ name, type: 'STRING' }));
    const rows: (string | null)[][] = [];
    for await (const batch of batches(pieces(csv), columns)) rows.push(...batch.values());
    const found = rows.map((row) =>
      Object.fromEntries(columns.map((column, i) => [column.name, row[i] ?? ''])),
    );
    assert.deepEqual(found, expected, name);
  }
  const csv = readFileSync(`${folder}csvs/location_coordinates.csv`);
  const header = csv.toString().split(/\r?\n/)[0]!.split(',');
  const columns: Column[] = header.map((name) => ({ name, type: 'STRING' }));
  await assert.rejects(encoded(csv, columns, 'bson'), { code: 'csv-stray-quote', row: 1 });
});
