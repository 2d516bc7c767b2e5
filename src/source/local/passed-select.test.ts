import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { collect } from '../../../test/collect.ts';
import type { ColumnType } from '../../dataset/dataset.ts';
import { withDuckdb } from '../../duckdb/locked-duckdb.ts';
import { UserError } from '../../errors.ts';
import { defineTable } from './local-relation.ts';
import { selectOf } from './local-select.ts';
import { createLocalSource } from './local-source.ts';
import { passedSelect } from './passed-select.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'writeback-passed-'));
});
after(() => rm(folder, { recursive: true, force: true }));

const signal = new AbortController().signal;

async function ask(type: ColumnType, texts: readonly string[], query: string): Promise<string> {
  const path = join(folder, 'values.csv');
  await writeFile(path, ['v,n', ...texts.map((text, index) => `${text},${index}`), ''].join('\n'));
  const source = createLocalSource({ path, columns: { v: type, n: 'LONG' } });
  const { body } = await source.open({ datasetId: path, query, signal });
  return (await collect(body)).toString();
}

const good: readonly [ColumnType, readonly string[]][] = [
  ['LONG', ['', '""', '\\N', '0', '-0', '+5', '007', '9223372036854775807', '-9223372036854775808']],
  ['DATE', ['', '2024-02-29', '0001-01-01', '9999-12-31']],
  [
    'DECIMAL',
    [
      '',
      '0',
      '-0',
      '-0.0',
      '0.5',
      '.5',
      '-.50',
      '5.',
      '1.10',
      '100.00',
      '-100.0',
      '-0.10',
      '0.000',
      '12345678901234567890.10',
      '0.1234567890123456780',
      '+1.1',
      '00012.5',
      '1e2',
      '1.5E-3',
      '123456789.123456789',
      '12345678901234567890.123456789012345678',
      '-99999999999999999999.999999999999999999',
      '1.0000000000000000000',
    ],
  ],
  [
    'DOUBLE',
    [
      '',
      '0',
      '-0',
      '-0.0',
      '7',
      '-7',
      '007',
      '100',
      '123456789',
      '1234567890',
      '1.5',
      '1.50',
      '-0.25',
      '.5',
      '5.',
      '+1.5',
      '0.0001',
      '0.00001',
      '123456789.1234',
      '123456789012345678',
      '0.1234567890123456789',
      '1e2',
      '1e300',
      'NaN',
      '-inf',
    ],
  ],
  [
    'DATETIME',
    [
      '',
      '2024-02-29T23:59:59',
      '2024-02-29 23:59:59',
      '2024-02-29T24:00:00',
      '2024-02-29T10:00:00Z',
      '2024-02-29T10:00:00+02:00',
      '2024-02-29T10:00:00.5',
      '2024-02-29T10:00:00.500000',
      '0001-01-01T00:00:00',
      '9999-12-31T23:59:59',
    ],
  ],
];

for (const [type, texts] of good) {
  test(`values of type ${type} that a query hands out are the same as those it took as a value`, async () => {
    const passed = await ask(type, texts, 'select v, n from tbl');
    assert.equal(passed, await ask(type, texts, 'select v, n from (select * from tbl)'));
    assert.equal(passed.split('\n').length, texts.length + 2);
  });
}

const bad: readonly [ColumnType, readonly string[]][] = [
  ['LONG', ['1.5', ' 1', '1e2', '0x1F', '1_000', '9223372036854775808']],
  ['DATE', ['2024-02-30', '2024-1-1', 'infinity', '0044-03-15 (BC)', '10000-01-01', '2024-01-01 10:00:00']],
  ['DECIMAL', ['1e-20', '0.1234567890123456789', '100000000000000000000', '1_000', 'x', '--1', '"1,5"']],
  ['DOUBLE', ['1_000', ' 1', '0x1F', '--1', '1.5.', 'x']],
  ['DATETIME', ['2024-02-30T10:00:00', '2024-02-29T10:00:60', '2024-02-29', '2024-02-29T25:00:00']],
];

for (const [type, texts] of bad) {
  test(`a text that is no ${type} is told although nobody calculates with it`, async () => {
    for (const text of texts) {
      await assert.rejects(
        ask(type, ['1'.slice(type === 'DATE' ? 1 : 0), text], 'select * from tbl'),
        (error) => {
          assert.ok(error instanceof UserError, text);
          assert.equal(error.code, 'local-value-does-not-fit', text);
          assert.equal(error.column, 'v');
          return true;
        },
      );
    }
  });
}

test('rows are compared and ordered by values, not by their text', async () => {
  const texts = ['9.5', '10', '', '-3', '100.0'];
  const query =
    'select "V", n from TBL where tbl.v > 9 or v is null order by v desc nulls last, n limit 9; -- é';
  assert.equal(await ask('DECIMAL', texts, query), 'v,n\n100,4\n10,1\n9.5,0\n,2\n');
});

/** Whether `query` is one whose columns pass. */
async function passes(query: string): Promise<boolean> {
  const path = join(folder, 'some.csv');
  await writeFile(path, 'a,é\n1,2\n');
  const columns = ['a', 'é'].map((name) => ({ name, type: 'DECIMAL' }) as const);
  const [delimited, kind] = [{ columns, delimiter: ',' }, { format: 'csv', compression: 'none' } as const];
  return withDuckdb({ files: [path], signal }, async (duckdb) => {
    await defineTable(duckdb, { paths: [path], kind, given: {}, delimited });
    const { columns } = await selectOf(duckdb, { query });
    return (await passedSelect(duckdb, { paths: [path], ...delimited }, query, columns)) !== undefined;
  });
}

test('columns pass when the query selects columns and rows of tbl, and no others', async () => {
  for (const query of [
    'select * from tbl',
    'select é, a, a from tbl /* é */ where é > 1 order by a limit 3 offset 1',
    'select a -- é, from\n from "tbl"',
    'select * from tbl where a in (select max(a) from tbl)',
  ]) {
    assert.equal(await passes(query), true, query);
  }
  for (const query of [
    'from tbl',
    '(select * from tbl)',
    'select * from tbl as t',
    'select a + 1 from tbl',
    'select a as b from tbl order by b',
    'select * from tbl order by 1',
    'select * from tbl order by a + 1',
    'select * exclude (a) from tbl',
    'select a from tbl where columns(*) > 0',
    'select a from tbl where hash(TBL) > 0',
    'select a from tbl order by tbl',
    'select * replace (a * 2 as a) from tbl',
    'select distinct a from tbl',
    'select a from tbl group by a',
    'select max(a) from tbl',
    'select a from tbl qualify row_number() over (order by a) = 1',
    'select a from tbl using sample 1',
    'select a from tbl, (select 1)',
    'select a from tbl union all select é from tbl',
    'with tbl as (select 1 as a) select a from tbl',
  ]) {
    assert.equal(await passes(query), false, query);
  }
});
