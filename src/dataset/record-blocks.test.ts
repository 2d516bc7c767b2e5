import assert from 'node:assert/strict';
import { bothWays as test } from '../../test/both-ways.ts';
import { parse } from 'csv-parse/sync';
import * as fc from 'fast-check';
import { UserError } from '../errors.ts';
import { batches } from './batches.ts';
import type { Column } from './dataset.ts';
import { recordBlocks } from './record-blocks.ts';
import { countRecords } from './record-counter.ts';

const one: Column[] = [{ name: 'a', type: 'STRING' }];
const two: Column[] = [
  { name: 'a', type: 'STRING' },
  { name: 'b', type: 'LONG' },
];

/** The bytes in pieces that end at these offsets. */
async function* pieces(bytes: Uint8Array, cuts: readonly number[] = []) {
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((x, y) => x - y), bytes.length];
  let from = 0;
  for (const end of ends) {
    yield bytes.subarray(from, end);
    from = end;
  }
}

const text = (csv: string) => pieces(Buffer.from(csv));

async function count(body: AsyncIterable<Uint8Array>, columns: readonly Column[]) {
  const counted = countRecords(body, columns);
  for await (const _ of counted);
  return counted.rows;
}

async function blocks(
  body: AsyncIterable<Uint8Array>,
  columns: readonly Column[],
  blockBytes: number,
  maxRows?: number,
) {
  const found: { text: string; rows: number; firstRow: number }[] = [];
  for await (const { bytes, rows, firstRow } of recordBlocks(body, columns, { blockBytes, maxRows }))
    found.push({ text: Buffer.from(bytes).toString(), rows, firstRow });
  return found;
}

async function refusalOf(
  csv: string | Uint8Array,
  columns: readonly Column[] = two,
  cuts: readonly number[] = [],
) {
  try {
    await count(pieces(Buffer.from(csv), cuts), columns);
  } catch (error) {
    assert(error instanceof UserError, String(error));
    const { code, row, column, message, remedy } = error;
    return { code, row, column, message, remedy };
  }
  return assert.fail('accepted');
}

const place = async (csv: string | Uint8Array, columns?: readonly Column[]) => {
  const { code, row, column } = await refusalOf(csv, columns);
  return [code, row, column];
};

test('counts data rows whatever the line ends, quotes, byte order mark and missing final newline', async () => {
  assert.equal(await count(text('a,b\n'), two), 0);
  assert.equal(await count(text('a,b'), two), 0);
  assert.equal(await count(text('a,b\n1,2\n3,4'), two), 2);
  assert.equal(await count(text('\ufeffa,b\r\n1,2\r\n3,4\r\n'), two), 2);
  assert.equal(await count(text('\ufeff"a","b"\n"x\n\r\n""y"",",2\n,'), two), 2);
});

test('skips blank lines, but takes them as rows where there is one column', async () => {
  assert.equal(await count(text('a,b\n\n1,2\n\r\n\n3,4\n\n'), two), 2);
  assert.equal(await count(text('a\n\nx\n\r\n'), one), 3);
  assert.equal(await count(text('a\n""'), one), 1);
  assert.equal(await count(text(''), []), 0);
});

test('passes the very same chunks on', async () => {
  const chunks = [Buffer.from('a,b\n1'), Buffer.from(',2\n3,'), Buffer.from('4')];
  const passed: Uint8Array[] = [];
  for await (const chunk of countRecords(
    (async function* () {
      yield* chunks;
    })(),
    two,
  ))
    passed.push(chunk);
  assert.equal(passed.length, 3);
  for (const [i, chunk] of chunks.entries()) assert.equal(passed[i], chunk);
});

test('refuses what is not canonical, with row, column and the way out', async () => {
  assert.deepEqual(await place('a,b\n1,2\n1,2,3\n'), ['csv-ragged-row', 2, 'b']);
  assert.deepEqual(await place('a,b\n1,2\n\n1\n'), ['csv-ragged-row', 2, 'a']);
  assert.deepEqual(await place('a,b\n1,x"y\n'), ['csv-stray-quote', 1, 'b']);
  assert.deepEqual(await place('a,b\n"x"y,2\n'), ['csv-stray-quote', 1, 'a']);
  assert.deepEqual(await place('a,b\n1,2\r3,4\n'), ['csv-bare-carriage-return', 1, 'b']);
  assert.deepEqual(await place('a,b\n1,2\r'), ['csv-bare-carriage-return', 1, 'b']);
  assert.deepEqual(await place('a,b\n1,2\n"x\0",2\n'), ['csv-nul-byte', 2, 'a']);
  assert.deepEqual(await place(Buffer.from('a,b\n1,2\n1,\xe9\n', 'latin1')), ['csv-invalid-utf8', 2, 'b']);
  assert.deepEqual(await place(Buffer.from('a,b\n\xed\xa0\x80,2\n', 'latin1')), ['csv-invalid-utf8', 1, 'a']);
  assert.deepEqual(await place('a,b\n1,2\n1,"2\n3,4\n'), ['csv-unclosed-quote', 2, 'b']);
  const { message, remedy } = await refusalOf('a,b\n1,x"y\n');
  assert.match(message, /^Row 1, column "b": .*quote/);
  assert.match(remedy ?? '', /through a query \(`query: select \* from tbl`\), which reads leniently/);
});

test('refuses a header that is not that of the columns', async () => {
  for (const csv of ['', 'a\n', 'a,b,c\n', 'a,B\n', 'a,"b "\n', '\n\n'])
    assert.deepEqual((await place(csv)).slice(0, 2), ['csv-header-mismatch', undefined], JSON.stringify(csv));
  assert.deepEqual(await place('a,c\n'), ['csv-header-mismatch', undefined, 'b']);
  assert.deepEqual((await place(Buffer.from('\ufeffa,b\n1,2\n', 'utf16le')))[0], 'csv-invalid-utf8');
});

test('awaits onEnd with the rows before the end, so that it can fail the stream', async () => {
  const seen: number[] = [];
  const onEnd = async (rows: number) => {
    seen.push(rows);
    throw new Error('short');
  };
  const drain = async (stream: AsyncIterable<unknown>) => {
    for await (const _ of stream);
  };
  await assert.rejects(drain(countRecords(text('a,b\n1,2\n'), two, onEnd)), /short/);
  await assert.rejects(drain(recordBlocks(text('a,b\n1,2\n3,4'), two, { blockBytes: 64, onEnd })), /short/);
  assert.deepEqual(seen, [1, 2]);
});

test('where the last record is cut, the source may tell first that it ended short', async () => {
  const onEnd = async () => {
    throw new Error('short');
  };
  const drain = async (stream: AsyncIterable<unknown>) => {
    for await (const _ of stream);
  };
  for (const csv of ['a,b\n1,2\n3', 'a,b\n1,2\n3,"4']) {
    await assert.rejects(drain(countRecords(text(csv), two, onEnd)), /short/);
    await assert.rejects(drain(recordBlocks(text(csv), two, { blockBytes: 64, onEnd })), /short/);
  }
});

test('a record larger than a block makes a larger block, one over 64 MB is refused', async () => {
  const long = 'x'.repeat(1000);
  const [first, second, ...more] = await blocks(text(`a,b\n1,2\n"${long}",3\n4,5\n`), two, 16);
  assert.deepEqual(first, { text: '1,2\n', rows: 1, firstRow: 1 });
  assert(second);
  assert(second.text.startsWith(`"${long}",3\n`));
  assert.equal(second.rows + more.length, 2);
  async function* endless() {
    yield Buffer.from('a,b\n1,2\n"');
    const chunk = Buffer.alloc(1024 * 1024, 'x');
    for (;;) yield chunk;
  }
  await assert.rejects(count(endless(), two), { code: 'csv-record-too-large', row: 2 });
  const whole = Buffer.alloc(65 * 1024 * 1024, 'x');
  whole.write('a,b\n');
  whole.write(',1\n', whole.length - 3);
  await assert.rejects(blocks(pieces(whole), two, 4 * 1024 * 1024), { code: 'csv-record-too-large', row: 1 });
});

test('a header of 2,000 columns that is larger than a block is read, and so are the rows behind it', async () => {
  const columns: Column[] = Array.from({ length: 2000 }, (_, index) => ({
    name: `column ${index} ${'x'.repeat(200)}`,
    type: 'STRING',
  }));
  const csv = Buffer.from(
    `${columns.map(({ name }) => name).join(',')}\n${`${','.repeat(1999)}\n`.repeat(300)}`,
  );
  // More than the counter's own block, too.
  assert.ok(csv.indexOf('\n') > 300_000);
  for (const cuts of [[], [7, 100_000, 300_001, 420_000]]) {
    assert.equal(await count(pieces(csv, cuts), columns), 300);
    const found = await blocks(pieces(csv, cuts), columns, 64 * 1024);
    assert.equal(
      found.reduce((sum, { rows }) => sum + rows, 0),
      300,
    );
  }
});

const cell = fc.oneof(
  fc.constantFrom('', '""', '\\N', '"\\N"', '"a""b"', '"x\ny"', '"\r\n"', '"🙂,é"', 'é', '🙂'),
  fc.stringMatching(/^[a-z0-9 .-]{0,20}$/),
);
const line = fc
  .tuple(fc.tuple(cell, cell), fc.constantFrom('\n', '\r\n', '\n\n'))
  .map(([cells, end]) => cells.join(',') + end);
const csv = fc.array(line, { maxLength: 30 }).map((lines) => lines.join(''));

test('cuts of the chunks change nothing: same count, same blocks', async () => {
  const property = fc.asyncProperty(
    csv,
    fc.array(fc.nat()),
    fc.integer({ min: 1, max: 200 }),
    async (rows, cuts, size) => {
      const bytes = Buffer.from(`\ufeffa,b\n${rows}`);
      const whole = await count(pieces(bytes), two);
      assert.equal(await count(pieces(bytes, cuts), two), whole);
      const found = await blocks(pieces(bytes, cuts), two, size, 7);
      assert.equal(
        found.reduce((sum, block) => sum + block.rows, 0),
        whole,
      );
      const oneLineEnd = (lines: string) => lines.replaceAll(/\n{2,}/g, '\n');
      const joined = found.map((block) => block.text).join('');
      assert.equal(oneLineEnd(joined).trimStart(), oneLineEnd(rows).trimStart());
      let next = 1;
      for (const { firstRow, rows } of found) {
        assert.equal(firstRow, next);
        assert(rows <= 7);
        next += rows;
      }
    },
  );
  await fc.assert(property, { numRuns: 300 });
});

test('cuts of the chunks change no refusal', async () => {
  const fault = fc.constantFrom(
    '1\n',
    '1,2,3\n',
    'x"y,2\n',
    '"x"y,2\n',
    '1,2\r3,4\n',
    '\0,1\n',
    '\xff,1\n',
    '1,"2\n',
  );
  const property = fc.asyncProperty(
    csv,
    fault,
    csv,
    fc.array(fc.nat()),
    async (before, wrong, after, cuts) => {
      const bytes = Buffer.concat([
        Buffer.from(`a,b\n${before}`),
        Buffer.from(wrong, 'latin1'),
        Buffer.from(after),
      ]);
      const refusal = await refusalOf(bytes);
      assert.deepEqual(await refusalOf(bytes, two, cuts), refusal);
      const { code, row, column } = refusal;
      await assert.rejects(blocks(pieces(bytes, cuts), two, 50, 5), { code, row, column });
    },
  );
  await fc.assert(property, { numRuns: 300 });
});

test('cells are those that csv-parse finds', async () => {
  const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.stringMatching(/^[",\r\n a]{0,80}$/));
  const quoted = text.map((value) => `"${value.replaceAll('\0', '').replaceAll('"', '""')}"`);
  const rows = fc.array(
    fc.tuple(fc.oneof(cell, quoted), fc.oneof(cell, quoted), fc.constantFrom('\n', '\r\n')),
  );
  const property = fc.asyncProperty(rows, async (records) => {
    const csv = `a,b\n${records.map(([a, b, end]) => `${a},${b}${end}`).join('')}`;
    const found: (string | null)[][] = [];
    for await (const batch of batches(pieces(Buffer.from(csv)), two)) found.push(...batch.values());
    const expected: string[][] = parse(csv, { fromLine: 2, record_delimiter: ['\n', '\r\n'] });
    const texts = found.map((row, r) =>
      row.map((value, c) => value ?? (expected[r]?.[c] === '\\N' ? '\\N' : '')),
    );
    assert.deepEqual(texts, expected);
  });
  await fc.assert(property, { numRuns: 500 });
});

test('a very wide DataSet works, and needs no more room than its records', async () => {
  const wide: Column[] = Array.from({ length: 20_000 }, (_, i) => ({ name: `c${i}`, type: 'STRING' }));
  const line = (text: string) => `${wide.map(() => text).join(',')}\n`;
  const body = text(`${wide.map(({ name }) => name).join(',')}\n${line('x')}${line('')}${line('"y"')}`);
  const before = process.memoryUsage().arrayBuffers;
  assert.equal(await count(body, wide), 3);
  assert(process.memoryUsage().arrayBuffers - before < 20_000_000);
});
