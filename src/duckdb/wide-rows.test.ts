import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { collect } from '../../test/collect.ts';
import type { Column } from '../dataset/dataset.ts';
import { withDuckdb } from './locked-duckdb.ts';
import { writeParquet } from './parquet-writer.ts';

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'writeback-wide-'));
});
after(() => rm(directory, { recursive: true, force: true }));

const { signal } = new AbortController();
const fail = () => assert.fail('no verdict was expected');
const named = (count: number): Column[] =>
  Array.from({ length: count }, (_, index) => ({ name: `c${index}`, type: 'STRING' }));

/** The header, then rows whose cells are pieces of a long text, each from another place. */
async function* csv(columns: readonly Column[], length: number, rows: number): AsyncGenerator<Uint8Array> {
  const text = randomBytes(1024 * 1024).toString('base64');
  yield Buffer.from(`${columns.map(({ name }) => name).join(',')}\n`);
  for (let row = 0; row < rows; row += 1) {
    const starts = columns.map((_, index) => (row * 7919 + index * 104_729) % (text.length - length));
    yield Buffer.from(`${starts.map((start) => text.slice(start, start + length)).join(',')}\n`);
  }
}

/** Rows of the file, and its columns, as DuckDB finds them. */
async function sizeOf(file: Uint8Array): Promise<unknown> {
  const path = join(directory, 'asked.parquet');
  await writeFile(path, file);
  return withDuckdb({ files: [path], signal }, async (duckdb) => {
    const found = await duckdb.run(`SELECT num_rows, (SELECT count(*) FROM (DESCRIBE FROM '${path}'))
      FROM parquet_file_metadata('${path}')`);
    return (await found.getRowsJson())[0];
  });
}

const options = { compression: 'snappy', strict: false, reject: fail, truncated: fail } as const;

test('many columns become Parquet', async () => {
  const columns = named(2000);
  const body = csv(columns, 20, 2500);
  const file = await collect(writeParquet(body, columns, { ...options, directory }, signal));
  assert.deepEqual(await sizeOf(file), ['2500', '2000']);
});

test('rows of 100 KB become Parquet', async () => {
  const columns = named(5);
  const body = csv(columns, 20_000, 3000);
  const file = await collect(writeParquet(body, columns, { ...options, directory }, signal));
  assert.deepEqual(await sizeOf(file), ['3000', '5']);
});
