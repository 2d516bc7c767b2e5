import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { mixedColumns, mixedCsv } from '../../../test/data/mixed-rows.ts';
import { KEEP, csvOf, pieces } from '../../../test/encode-csv.ts';
import { UserError } from '../../errors.ts';
import type { BsonOptions } from '../batch.ts';
import { batches } from '../batches.ts';
import { bsonRows } from '../bson-rows.ts';
import { headerRecord } from '../csv-writer.ts';
import type { Column, ColumnType } from '../dataset.ts';
import { DocumentOutput } from '../document-output.ts';
import { jsonlRows } from '../jsonl-rows.ts';
import { recordBlocks } from '../record-blocks.ts';
import { countRecords } from '../record-counter.ts';
import { Kernel } from './kernel.ts';
import { kernelModule, useKernel } from './kernel-module.ts';

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

const digits = (least: number, most: number) => fc.stringMatching(new RegExp(`^[0-9]{${least},${most}}$`));
const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.integer().map(String),
  fc.stringMatching(/^[+-]?[0-9]{0,40}\.?[0-9]{0,40}([eE][+-]?[0-9]{1,5})?$/),
  fc.stringMatching(/^-?[0-9]{1,5}\.[0-9]{1,4}$/),
  fc.stringMatching(/^0{0,3}[0-9]{15,18}\.[0-9]{15,18}0{0,3}$/),
  fc.stringMatching(/^[0-9]{1,4}\.?[0-9]{0,4}e[+-]?[23][0-9]{2}$/),
  fc.stringMatching(/^[0-9]{14,20}e-?[0-9]{1,2}$/),
  fc.constantFrom(
    '1e309',
    '-1e-400',
    '.',
    '5e-324',
    '1.7976931348623157e308',
    '0e9999',
    '9007199254740993',
    '1e6144',
    '10e-6177',
  ),
);
const long = fc.oneof(
  fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }).map(String),
  fc.tuple(fc.constantFrom('', '-', '+'), digits(1, 21)).map(([sign, text]) => sign + text),
  fc.constantFrom(
    '9223372036854775807',
    '9223372036854775808',
    '-9223372036854775808',
    '-9223372036854775809',
    '-0',
    '+',
    '1.0',
  ),
);
const two = (limit: number) =>
  fc.integer({ min: 0, max: limit }).map((value) => String(value).padStart(2, '0'));
const date = fc.oneof(
  fc
    .date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
    .map((day) => day.toISOString().slice(0, 10)),
  fc.tuple(digits(4, 4), two(13), two(32)).map((parts) => parts.join('-')),
  fc.constantFrom('0001-01-01', '9999-12-31', '1900-02-29', '2000-02-29', '2024-1-01'),
);
const time = fc
  .tuple(
    two(24),
    two(60),
    two(60),
    fc.oneof(
      fc.constantFrom('', '.', '.5', '.123', '.123000'),
      digits(1, 9).map((text) => `.${text}`),
    ),
  )
  .map(([hour, minute, second, fraction]) => `${hour}:${minute}:${second}${fraction}`);
const zone = fc.oneof(
  fc.constantFrom(
    '',
    'Z',
    'z',
    '+00',
    '-00:00',
    '+5',
    '+05:3',
    '+053',
    '-5:30',
    '+0530',
    '+05:30',
    '-11',
    '+24:00',
    '-0060',
  ),
  fc.tuple(two(24), two(60)).map(([hours, minutes]) => `-${hours}:${minutes}`),
);
const dateTime = fc
  .tuple(date, fc.constantFrom('T', ' ', 'T', 'x'), time, zone)
  .map(([day, between, clock, ahead]) => `${day}${between}${clock}${ahead}`);
const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.stringMatching(/^[",\r\n\\\t a]{0,40}$/),
  fc.stringMatching(/^[a-z ]{0,200}$/),
  fc.string({
    unit: fc.constantFrom(...Array.from({ length: 31 }, (_, i) => String.fromCharCode(i + 1)), '"', 'é', 'x'),
  }),
);
const boolean = fc.constantFrom('true', 'false', 'TRUE', 'False', 'falsy', 'tru', 'T\u0012UE', '1');
const cellsOf: Readonly<Record<ColumnType, fc.Arbitrary<string>>> = {
  STRING: text,
  LONG: long,
  DOUBLE: number,
  DECIMAL: number,
  DATE: date,
  DATETIME: fc.oneof(dateTime, date),
  TIME: time,
  BOOLEAN: boolean,
};

/** A value as a cell, in quotes where it must be and sometimes where it need not. */
const cellOf = (type: ColumnType) =>
  fc
    .tuple(
      fc.oneof(
        { weight: 12, arbitrary: cellsOf[type] },
        { weight: 2, arbitrary: fc.constantFrom('', '\\N') },
        { weight: 1, arbitrary: text },
      ),
      fc.boolean(),
    )
    .map(([value, quoted]) => {
      const written = value.replaceAll('\0', '');
      return quoted || /[",\r\n]/.test(written) ? `"${written.replaceAll('"', '""')}"` : written;
    });

const types = Object.keys(cellsOf) as ColumnType[];
const name = fc.oneof(
  { weight: 19, arbitrary: fc.stringMatching(/^[a-z$._"é\\]{0,30}$/) },
  { weight: 1, arbitrary: fc.constant('_id') },
);
const fault = fc.constantFrom(
  '1\n',
  '1,2,3,4,5,6,7,8,9\n',
  'x"y,2\n',
  '"x"y,2\n',
  '1,2\r3,4\n',
  '\0,1\n',
  '\xff,1\n',
  '1,"2\n',
  '"',
  '\r',
  ',',
);

const dataset = fc
  .uniqueArray(fc.record({ name, type: fc.constantFrom(...types) }), {
    minLength: 1,
    maxLength: 7,
    selector: (column) => column.name,
  })
  .chain((columns) =>
    fc.record({
      columns: fc.constant(columns),
      rows: fc.array(
        fc.tuple(
          fc.tuple(...columns.map(({ type }) => cellOf(type))),
          fc.constantFrom('\n', '\n', '\n', '\r\n', '\n\n', '\n\r\n'),
        ),
        { maxLength: 30 },
      ),
      project: fc.option(fc.shuffledSubarray(columns.map((_, place) => place)), { nil: undefined }),
      mark: fc.boolean(),
      cutEnd: fc.boolean(),
      wrong: fc.oneof(
        { weight: 5, arbitrary: fc.constant(undefined) },
        { weight: 1, arbitrary: fc.tuple(fc.nat(), fault) },
      ),
    }),
  );

const optionsOf = fc.record(
  {
    nulls: fc.constantFrom('null', 'omit', 'empty'),
    fieldNames: fc.constantFrom('keep', 'replace'),
    strict: fc.boolean(),
    idPrefix: fc.uint8Array({ minLength: 7, maxLength: 7 }),
    append: fc.constantFrom(
      new Uint8Array(0),
      Buffer.from('0a78780a', 'hex'),
      new Uint8Array(300).fill(7),
      new Uint8Array(9000),
    ),
  },
  { requiredKeys: ['nulls', 'fieldNames', 'strict'] },
);
const cutOf = fc.record({
  cuts: fc.array(fc.nat(), { maxLength: 12 }),
  batchBytes: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.constant(100_000)),
  maxRows: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constant(100_000)),
});

test('the kernel and the reference give the same: bytes, values, documents, rejected rows, refusals', async () => {
  const property = fc.asyncProperty(dataset, optionsOf, cutOf, async (data, options, cut) => {
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
    cutOf,
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

test('ordinary records are scanned by the kernel, whatever their line ends and quotes', () => {
  const module = kernelModule();
  assert(module);
  const records = ['a,"b"\r\n', '"a ""b""",c\n', '"a\n\r\n,",\r\n', `${'x'.repeat(61)},y\r\n`, '"",""\n'];
  for (const part of [...records, records.join('')]) {
    const csv = Buffer.from(part.repeat(300));
    const kernel = new Kernel(module, 2, 2, csv.length);
    kernel.block.set(csv);
    const rows = part === records.join('') ? 1500 : 300;
    assert.deepEqual(kernel.scan(0, csv.length, true, Infinity), { consumed: csv.length });
    assert.deepEqual([kernel.index.rows, kernel.leftToReference], [rows, 0], part);
    kernel.index.clear();
    assert.deepEqual(kernel.count(0, csv.length, true), { consumed: csv.length });
    assert.deepEqual([kernel.index.rows, kernel.leftToReference], [rows, 0], part);
  }
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
  assert.deepEqual(await leftOver(csv, columns, bsonRows), [4]);
});
