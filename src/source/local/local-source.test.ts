import assert from 'node:assert/strict';
import { appendFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { collect } from '../../../test/collect.ts';
import { writeParquet } from '../../duckdb/parquet-writer.ts';
import { TemporaryError, UserError } from '../../errors.ts';
import { type LocalSourceOptions, createLocalSource } from './local-source.ts';
import type { OpenRequest } from '../source.ts';

let folder: string;
let temporary: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'writeback-local-'));
  temporary = join(folder, 'temporary');
  await mkdir(temporary);
});
after(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, content);
  return path;
}

function source(path: string, options: Omit<LocalSourceOptions, 'path'> = {}) {
  return createLocalSource({ path, directory: temporary, ...options });
}

async function text(body: AsyncIterable<Uint8Array>): Promise<string> {
  return (await collect(body)).toString();
}

async function read(
  path: string,
  request: Partial<OpenRequest> = {},
  options: Omit<LocalSourceOptions, 'path'> = {},
) {
  const signal = new AbortController().signal;
  const { dataset, body } = await source(path, options).open({ datasetId: path, signal, ...request });
  const csv = await text(body);
  assert.deepEqual(await readdir(temporary), [], 'nothing temporary is left');
  return { dataset, csv, types: dataset.columns.map(({ type }) => type).join(' ') };
}

const cut = async (path: string, key: string, count: number) =>
  source(path).cut({ datasetId: path, signal: new AbortController().signal }, key, count);

const told = (code: string) => (error: unknown) => error instanceof UserError && error.code === code;

test('a plain CSV file flows as its own bytes, its types inferred', async () => {
  const content =
    '\ufeffid,zip,amount,day,at,ok,exact,text,none\r\n1,01067,1.5,2024-02-29,2024-01-01T10:00:00Z,true,1.12345678901234567,"a\r\n""b""",\r\n-2,1,2,2024-01-01,2024-01-01 10:00:00.5,false,2,\\N,\r\n';
  const path = await file('plain.csv', content);
  const { csv, types, dataset } = await read(path);
  assert.equal(csv, content);
  assert.equal(types, 'LONG STRING DOUBLE DATE DATETIME BOOLEAN DECIMAL STRING STRING');
  assert.equal(dataset.name, 'plain');
  assert.equal(dataset.id, path);
  assert.equal(dataset.rows, undefined);
});

test('given types win, and a type for a column that is not there is refused', async () => {
  const path = await file('given.csv', 'id,amount\n1,2\n');
  const { types } = await read(path, {}, { columns: { id: 'STRING', amount: 'DECIMAL' } });
  assert.equal(types, 'STRING DECIMAL');
  await assert.rejects(read(path, {}, { columns: { nope: 'LONG' } }), told('local-unknown-column'));
});

test('headers must name every column once', async () => {
  await assert.rejects(read(await file('double.csv', 'a,a\n1,2\n')), told('local-duplicate-column'));
  await assert.rejects(read(await file('unnamed.csv', 'a,,b\n1,2,3\n')), told('local-empty-column-name'));
  await assert.rejects(read(await file('empty.csv', '')), told('local-empty-file'));
});

test('what is not a readable file of a known format is told', async () => {
  await assert.rejects(read(join(folder, 'absent.csv')), told('local-file-not-found'));
  await assert.rejects(read(join(folder, 'absent-*.csv')), told('local-file-not-found'));
  await assert.rejects(read(await file('notes.doc', 'x')), told('local-format-unknown'));
  await assert.rejects(read(folder), told('local-not-a-file'));
});

test('a query keeps null, empty text, \\N as text, quotes and newlines apart', async () => {
  const path = await file('odd.csv', 'id,t\n1,\n2,""\n3,"\\N"\n4,\\N\n5,"a ""b"",\nc"\n6,007\n');
  const { csv, types } = await read(path, { query: 'select * from tbl order by id desc; -- all' });
  assert.equal(csv, 'id,t\n6,"007"\n5,"a ""b"",\nc"\n4,\n3,"\\N"\n2,""\n1,\n');
  assert.equal(types, 'LONG STRING');
});

test('a query reads leniently what the plain path would refuse', async () => {
  const path = await file('lenient.csv', 'a,b,c\n1,x"y,2\n2,short\n');
  const { csv } = await read(path, { query: 'select * from tbl' });
  assert.equal(csv, 'a,b,c\n1,"x""y",2\n2,"short",\n');
});

test('only one SELECT is taken as query, and it cannot reach other files', async () => {
  const path = await file('guard.csv', 'a\n1\n');
  const other = await file('secret.csv', 'a\nsecret\n');
  for (const query of [
    `copy tbl to '${join(folder, 'out.csv')}'`,
    'select 1; select 2',
    "select 1) to '/tmp/x'; --",
    `select * from read_csv('${other}')`,
    `select * from '${other}'`,
    'this is no SQL',
  ]) {
    await assert.rejects(read(path, { query }), told('local-query-failed'), query);
  }
});

test('TSV, semicolons and compressed files are read through DuckDB', async () => {
  const tsv = await read(await file('a.tsv', 'a\tb\n1\tx,y\n'));
  assert.equal(tsv.csv, 'a,b\n1,"x,y"\n');
  const semicolons = await read(await file('b.csv', 'a;b\n1;2\n'));
  assert.equal(semicolons.csv, 'a,b\n1,2\n');
  const packed = await read(await file('c.csv.gz', gzipSync('a,b\n1,2024-01-01T00:00:00.25+02:00\n')));
  assert.equal(packed.csv, 'a,b\n1,2023-12-31T22:00:00.25\n');
  assert.equal(packed.types, 'LONG DATETIME');
  assert.equal(packed.dataset.name, 'c');
});

test('a glob is one DataSet in the order of its paths, or one of its files', async () => {
  const first = await file('glob/2024-01.csv', 'a,b\n1,x\n');
  await file('glob/2024-02.csv', 'a,b\n2,y\n');
  const pattern = join(folder, 'glob', '*.csv');
  assert.equal((await read(pattern)).csv, 'a,b\n1,"x"\n2,"y"\n');
  assert.equal((await read(pattern, { datasetId: first })).csv, 'a,b\n1,x\n');
  const names: string[] = [];
  for await (const { name } of source(pattern).list(new AbortController().signal)) names.push(name);
  assert.deepEqual(names, ['2024-01', '2024-02']);
  await assert.rejects(read(pattern, { datasetId: join(folder, 'plain.csv') }), told('local-file-not-found'));
  await file('glob/2024-03.csv', 'b,a\ny,2\n');
  await assert.rejects(read(pattern), told('local-headers-differ'));
});

test('JSON Lines: missing keys are null, nested values are JSON', async () => {
  const path = await file('rows.jsonl', '{"a":1,"b":"x","n":{"k":[1]}}\n{"a":2}\n{"b":"","c":true}\n');
  const { csv, types } = await read(path);
  assert.equal(csv, 'a,b,n,c\n1,"x","{""k"":[1]}",\n2,,,\n,"",,true\n');
  assert.equal(types, 'LONG STRING STRING BOOLEAN');
  assert.equal((await read(path, {}, { columns: { a: 'STRING' } })).types, 'STRING STRING STRING BOOLEAN');
});

test('Parquet has its types and its number of rows', async () => {
  const columns = [
    { name: 'l', type: 'LONG' },
    { name: 'd', type: 'DECIMAL' },
    { name: 't', type: 'DATETIME' },
    { name: 's', type: 'STRING' },
    { name: 'f', type: 'DOUBLE' },
    { name: 'y', type: 'DATE' },
    { name: 'c', type: 'TIME' },
    { name: 'o', type: 'BOOLEAN' },
  ] as const;
  const csv =
    'l,d,t,s,f,y,c,o\n9223372036854775807,-12345678901234567890.123456789012345678,2024-01-01T10:00:00.123456,"x",0.1,0001-01-01,23:59:59,true\n,,,,,,,\n1,0.5,2024-01-01T10:00:00,"",-0.0,9999-12-31,00:00:00,false\n';
  const signal = new AbortController().signal;
  async function* body() {
    yield Buffer.from(csv);
  }
  const fail = () => assert.fail('no verdict was expected');
  const options = { compression: 'zstd', strict: true, reject: fail, truncated: fail } as const;
  const parquet = await collect(writeParquet(body(), columns, options, signal));
  const { csv: back, dataset } = await read(await file('typed.parquet', parquet));
  assert.equal(back, csv);
  assert.equal(dataset.rows, 3);
  assert.deepEqual(dataset.columns, columns);
});

test('a split gives every row to exactly one part, ordered, the same each time', async () => {
  const lines = Array.from(
    { length: 1000 },
    (_, index) => `${index % 7 === 0 ? '' : (index * 37) % 101},${index}`,
  );
  const path = await file('split.csv', `k,n\n${lines.join('\n')}\n`);
  const parts: string[] = [];
  for (const range of await cut(path, 'k', 3)) {
    const { csv } = await read(path, { range });
    assert.equal((await read(path, { range })).csv, csv);
    parts.push(...csv.trimEnd().split('\n').slice(1));
    assert.ok(csv.split('\n').length > 250, 'the parts are about the same size');
  }
  assert.deepEqual([...parts].sort(), [...lines].sort());
  const keys = parts.map((line) => Number(line.split(',')[0]));
  assert.deepEqual(
    keys,
    [...keys].sort((a, b) => a - b),
  );
  await assert.rejects(cut(path, 'x', 3), told('local-unknown-column'));
});

test('a split by a key that is always null leaves all rows in the first part', async () => {
  const path = await file('nulls.csv', 'k,n\n,1\n,2\n');
  const [all, none] = await cut(path, 'k', 2);
  assert.equal((await read(path, { range: all })).csv, 'k,n\n,1\n,2\n');
  assert.equal((await read(path, { range: none })).csv, 'k,n\n');
});

test('a day filters by a date or a date and time', async () => {
  const path = await file(
    'days.csv',
    'n,d,t\n1,2024-01-02,2024-01-01T23:30:00Z\n2,2024-01-01,2024-01-02T22:59:59Z\n3,2024-01-03,2024-01-02T23:00:00Z\n',
  );
  const berlin = { from: '2024-01-01T23:00:00.000Z', to: '2024-01-02T23:00:00.000Z' };
  const numbers = async (column: string, bounds = berlin) =>
    (await read(path, { day: { column, ...bounds }, query: 'select * from tbl order by n' })).csv
      .match(/^\d/gmu)
      ?.join('');
  assert.equal(await numbers('t'), '12');
  assert.equal(await numbers('d'), '1');
  const newYork = { from: '2024-01-02T05:00:00.000Z', to: '2024-01-03T05:00:00.000Z' };
  assert.equal(await numbers('d', newYork), '1');
  await assert.rejects(numbers('n'), told('local-not-a-date'));
});

test('a later row that contradicts the inferred type is told with its column', async () => {
  const many = Array.from({ length: 300_000 }, (_, index) => `${index},x`).join('\n');
  const path = await file('late.csv', `a,b\n${many}\n1.5,x\n`);
  await assert.rejects(read(path, { query: 'select sum(a) as s from tbl' }), (error: unknown) => {
    assert.ok(error instanceof UserError);
    assert.equal(error.code, 'local-value-does-not-fit');
    assert.equal(error.column, 'a');
    return true;
  });
});

test('a NUL byte that a query makes is told with the way out', async () => {
  const path = await file('nul.csv', 'a\nx\n');
  await assert.rejects(read(path, { query: 'select a || chr(0) as b from tbl' }), told('local-nul-byte'));
});

test('a small query gives rows as text or null', async () => {
  const path = await file('small.csv', 'a,b\n1,\n2,""\n3,x\n');
  const signal = new AbortController().signal;
  const found = await source(path).query({ datasetId: '', query: 'select * from tbl', limit: 2, signal });
  assert.deepEqual(found, {
    columns: ['a', 'b'],
    rows: [
      ['1', null],
      ['2', ''],
    ],
  });
});

test('a file that changes while it is read is a temporary error', async () => {
  const path = await file('changing.csv', 'a\n1\n');
  const opened = await source(path).open({ datasetId: path, signal: new AbortController().signal });
  await text(opened.body);
  await opened.verify(1);
  await appendFile(path, '2\n');
  await assert.rejects(
    opened.verify(1),
    (error) => error instanceof TemporaryError && error.code === 'local-file-changed',
  );
});

test('an abort ends a query within a second and leaves nothing', async () => {
  const path = await file('abort.csv', 'a\n1\n');
  for (const query of [
    'select count(*) as n from range(1000000000000) where hash(range) = 1',
    'select range as n from range(100000000)',
  ]) {
    const abort = new AbortController();
    const { body } = await source(path).open({ datasetId: path, query, signal: abort.signal });
    const reading = text(body);
    const started = Date.now();
    setTimeout(() => abort.abort(new Error('enough')), 150);
    await assert.rejects(reading, /enough/u);
    assert.ok(Date.now() - started < 1150);
    assert.deepEqual(await readdir(temporary), []);
  }
});

test('leaving a query early closes it', async () => {
  const path = await file('early.csv', 'a\n1\n');
  const query = 'select range as n from range(100000000)';
  const { body } = await source(path).open({ datasetId: path, query, signal: new AbortController().signal });
  let bytes = 0;
  for await (const chunk of body) if ((bytes += chunk.length) > 100_000) break;
  assert.deepEqual(await readdir(temporary), []);
});

test('a file whose name looks like a pattern is that file, and told when DuckDB would take it for one', async () => {
  const path = await file('a[1]*.csv', 'a\n1\n');
  await file('a1x.csv', 'a\n2\n');
  assert.equal((await read(path)).csv, 'a\n1\n');
  await assert.rejects(read(path, { query: 'select * from tbl' }), told('local-file-name'));
});
