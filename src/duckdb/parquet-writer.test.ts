import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { collect } from '../../test/collect.ts';
import { csvRecord } from '../dataset/csv-record.ts';
import type { RejectRow } from '../dataset/csv-writer.ts';
import type { Column, ColumnType } from '../dataset/dataset.ts';
import { UserError } from '../errors.ts';
import { withDuckdb } from './locked-duckdb.ts';
import { type ParquetOptions, writeParquet } from './parquet-writer.ts';

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'writeback-parquet-'));
});
after(() => rm(directory, { recursive: true, force: true }));

const idle = new AbortController().signal;

/** For tests in which every row is as it should be. */
const fail = () => assert.fail('no verdict was expected');
const none = { reject: fail, truncated: fail };

async function* bytes(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

async function parquet(
  csv: string,
  columns: readonly Column[],
  options: Partial<ParquetOptions> = {},
  signal = idle,
) {
  const whole: ParquetOptions = { compression: 'zstd', strict: false, directory, ...none, ...options };
  return collect(writeParquet(bytes(csv), columns, whole, signal));
}

async function ask(file: Uint8Array, sql: string): Promise<unknown[][]> {
  const path = join(directory, 'asked.parquet');
  await writeFile(path, file);
  return withDuckdb({ files: [path], signal: idle }, async (duckdb) => {
    await duckdb.run(`CREATE VIEW file AS FROM '${path}'`);
    return (await duckdb.run(sql)).getRowsJson();
  });
}

async function nothingIsLeft(): Promise<void> {
  assert.deepEqual(
    (await readdir(directory)).filter((name) => name !== 'asked.parquet'),
    [],
  );
}

const columns: Column[] = [
  { name: 'text', type: 'STRING' },
  { name: 'l', type: 'LONG' },
  { name: 'f', type: 'DOUBLE' },
  { name: 'n', type: 'DECIMAL' },
  { name: 'd', type: 'DATE' },
  { name: 't', type: 'DATETIME' },
  { name: 'c', type: 'TIME' },
  { name: 'b', type: 'BOOLEAN' },
];

const rows =
  '\ufefftext,l,f,n,d,t,c,b\r\n' +
  '"a\r\n""b"",é",-9223372036854775808,-1e-300,1e-18,0001-01-01,2024-01-01T10:00:00.123456+05:30,23:59:59.5,true\r\n' +
  '"",,,,,,,\n"\\N","","","","","","",""\n\\N,0,0.1,-99999999999999999999.999999999999999999,9999-12-31,2024-01-01 10:00:00Z,00:00:00,false';

for (const fifos of [true, false]) {
  test(`every type survives, ${fifos ? 'through FIFOs' : 'through files'}`, async () => {
    const file = await parquet(rows, columns, { fifos });
    const found = await ask(
      file,
      `SELECT text, l::VARCHAR, f, n::VARCHAR, d::VARCHAR, t::VARCHAR, c::VARCHAR, b FROM file`,
    );
    assert.deepEqual(found, [
      [
        'a\r\n"b",é',
        '-9223372036854775808',
        -1e-300,
        '0.000000000000000001',
        '0001-01-01',
        '2024-01-01 04:30:00.123456+00',
        '23:59:59.5',
        true,
      ],
      ['', null, null, null, null, null, null, null],
      ['\\N', null, null, null, null, null, null, null],
      [
        null,
        '0',
        0.1,
        '-99999999999999999999.999999999999999999',
        '9999-12-31',
        '2024-01-01 10:00:00+00',
        '00:00:00',
        false,
      ],
    ]);
    await nothingIsLeft();
  });

  test(`a body that breaks midway throws its own error, ${fifos ? 'through FIFOs' : 'through files'}`, async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('a\n1\n');
      throw new UserError('csv-broken', 'The file is broken.');
    }
    const options: ParquetOptions = { compression: 'snappy', strict: false, directory, fifos, ...none };
    const work = collect(writeParquet(broken(), [{ name: 'a', type: 'LONG' }], options, idle));
    await assert.rejects(work, { code: 'csv-broken' });
    await nothingIsLeft();
  });
}

test('zero rows give a valid file with its schema', async () => {
  const file = await parquet('text,l,f,n,d,t,c,b\n', columns);
  const schema = await ask(file, 'SELECT column_name, column_type FROM (DESCRIBE file)');
  const types = 'VARCHAR BIGINT DOUBLE DECIMAL(38,18) DATE TIMESTAMP WITH TIME ZONE TIME BOOLEAN';
  assert.equal(schema.map(([, type]) => type).join(' '), types);
  assert.deepEqual(await ask(file, 'SELECT count(*) FROM file'), [['0']]);
});

test('the compression is the one that was asked', async () => {
  for (const compression of ['zstd', 'snappy'] as const) {
    const file = await parquet('a\nx\n', [{ name: 'a', type: 'STRING' }], { compression });
    const sql = `SELECT DISTINCT compression FROM parquet_metadata('${join(directory, 'asked.parquet')}')`;
    assert.deepEqual(await ask(file, sql), [[compression.toUpperCase()]]);
  }
});

test('a blank line is skipped, but in a DataSet of one column it is a null', async () => {
  const two = await parquet('a,b\n1,2\n\n3,4\n', [
    { name: 'a', type: 'LONG' },
    { name: 'b', type: 'LONG' },
  ]);
  assert.deepEqual(await ask(two, 'SELECT a::INT, b::INT FROM file'), [
    [1, 2],
    [3, 4],
  ]);
  const one = await parquet('a\n1\n\n3\n', [{ name: 'a', type: 'LONG' }]);
  assert.deepEqual(await ask(one, 'SELECT a::INT FROM file'), [[1], [null], [3]]);
});

const misfits: [ColumnType, string[]][] = [
  ['LONG', ['1.5', '9223372036854775808', '1e2', '0x1F', '1_000', 'x', ' 1 ']],
  ['DOUBLE', ['1e400', '1_0', 'abc', '1,5']],
  ['DECIMAL', ['100000000000000000000', '0.1234567890123456789', '1e-19', '1e20', '1_0', '--1']],
  [
    'DATE',
    [
      '2023-02-29',
      '2024-1-1',
      '20240101',
      '2024-01-01 10:00:00',
      'infinity',
      '0044-03-15 (BC)',
      '10000-01-01',
      ' 2024-01-1',
    ],
  ],
  [
    'DATETIME',
    [
      '2024-01-01',
      '2024-01-01 10:00',
      '2024-13-01 00:00:00',
      '2023-02-29T10:00:00Z',
      '2024-01-01 10:00:00 Europe/Berlin',
      'infinity',
    ],
  ],
  ['TIME', ['25:00:00', '10:00']],
  ['BOOLEAN', ['yes', '1']],
];

for (const [type, texts] of misfits) {
  test(`rows with values that are no ${type} are left out and told`, async () => {
    const told: string[] = [];
    const reject: RejectRow = (row, reason, column, record) =>
      told.push(`${row} ${column} ${reason} ${record()}`);
    const body = ['k,v', ...texts.map((value, index) => `${index},"${value}"`), 'last,\n'].join('\n');
    const named: Column[] = [
      { name: 'k', type: 'STRING' },
      { name: 'v', type },
    ];
    const file = await parquet(body, named, { reject });
    assert.deepEqual(await ask(file, 'SELECT k, v FROM file'), [['last', null]]);
    const expected = texts.map((value, index) => {
      return `${index + 1} v The value "${value}" does not fit the type ${type} in a Parquet file. ${csvRecord([`${index}`, value]).replace(/\n$/u, '')}`;
    });
    assert.deepEqual(told, expected);
    await nothingIsLeft();
  });
}

test('odd forms of a value are the value', async () => {
  const csv = `l,d,t
+5,0001-01-01,2024-01-01T10:00:00.5Z
007,9999-12-31,2024-01-01 10:00:00.25+05:30
-0,2024-02-29,2024-01-01T10:00:00-0800
9223372036854775807,,1969-12-31 23:59:59-08
`;
  const three: Column[] = [
    { name: 'l', type: 'LONG' },
    { name: 'd', type: 'DATE' },
    { name: 't', type: 'DATETIME' },
  ];
  assert.deepEqual(
    await ask(await parquet(csv, three), 'SELECT l::VARCHAR, d::VARCHAR, t::VARCHAR FROM file'),
    [
      ['5', '0001-01-01', '2024-01-01 10:00:00.5+00'],
      ['7', '9999-12-31', '2024-01-01 04:30:00.25+00'],
      ['0', '2024-02-29', '2024-01-01 18:00:00+00'],
      ['9223372036854775807', null, '1970-01-01 07:59:59+00'],
    ],
  );
});

for (const fifos of [true, false]) {
  test(`what a verdict throws ends the work, ${fifos ? 'through FIFOs' : 'through files'}`, async () => {
    const enough = new UserError('too-many-rejected-rows', 'Enough.');
    const reject = () => {
      throw enough;
    };
    const body = `v\n${'1\n'.repeat(100_000)}x\n${'1\n'.repeat(500_000)}`;
    const work = parquet(body, [{ name: 'v', type: 'LONG' }], { fifos, reject });
    await assert.rejects(work, (error) => error === enough);
    await nothingIsLeft();
  });
}

test('digits below a microsecond are cut and counted, or their row rejected when strict', async () => {
  const csv =
    't,c\n2024-01-01T00:00:00.1234567Z,10:00:00.1234561\n2024-01-01T00:00:00.1234560,10:00:00.123456000\n,\n';
  const both: Column[] = [
    { name: 't', type: 'DATETIME' },
    { name: 'c', type: 'TIME' },
  ];
  let cut = 0;
  const file = await parquet(csv, both, { truncated: (count) => (cut += count) });
  assert.deepEqual(await ask(file, 'SELECT t::VARCHAR, c::VARCHAR FROM file'), [
    ['2024-01-01 00:00:00.123456+00', '10:00:00.123456'],
    ['2024-01-01 00:00:00.123456+00', '10:00:00.123456'],
    [null, null],
  ]);
  assert.equal(cut, 2);
  const rejected: number[] = [];
  await parquet(csv, both, { strict: true, reject: (row) => rejected.push(row) });
  assert.deepEqual(rejected, [1]);
});

test('an abort ends within a second, whether rows flow or none come, and leaves nothing', async () => {
  async function* endless(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('a\n');
    for (;;) yield Buffer.from('1234567\n'.repeat(10_000));
  }
  async function* stuck(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('a\n1\n');
    await new Promise<void>((resolve) => void setTimeout(resolve, 2000).unref());
  }
  for (const body of [endless, stuck]) {
    const abort = new AbortController();
    const options: ParquetOptions = { compression: 'zstd', strict: false, directory, ...none };
    const work = collect(writeParquet(body(), [{ name: 'a', type: 'LONG' }], options, abort.signal));
    setTimeout(() => abort.abort(new Error('enough')), 150);
    const started = Date.now();
    await assert.rejects(work, /enough/u);
    assert.ok(Date.now() - started < 1150);
    await nothingIsLeft();
  }
});

test('leaving early ends the work', async () => {
  async function* endless(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('a\n');
    for (;;) yield Buffer.from(randomBytes(30_000).toString('hex').replaceAll(/.{60}/gu, '$&\n'));
  }
  const options: ParquetOptions = { compression: 'snappy', strict: false, directory, ...none };
  for await (const chunk of writeParquet(endless(), [{ name: 'a', type: 'STRING' }], options, idle)) {
    if (chunk.length > 1000) break;
  }
  await nothingIsLeft();
});
