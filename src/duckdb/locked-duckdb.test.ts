import assert from 'node:assert/strict';
import { access, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { collect } from '../../test/collect.ts';
import { describeSelect } from './canonical-select.ts';
import { withDuckdb } from './locked-duckdb.ts';
import { queryCsv } from './query-csv.ts';

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'writeback-locked-'));
});
after(() => rm(directory, { recursive: true, force: true }));

const idle = new AbortController().signal;
const lend = <T>(use: Parameters<typeof withDuckdb<T>>[1], signal = idle, files: string[] = []) =>
  withDuckdb({ files, directory, signal }, use);

test('nothing but the named files can be read', async () => {
  const named = join(directory, 'named.csv');
  const other = join(directory, 'other.csv');
  await writeFile(named, 'a\n1\n');
  await writeFile(other, 'a\n1\n');
  await lend(
    async (duckdb) => {
      assert.deepEqual(await (await duckdb.run(`SELECT count(*) FROM '${named}'`)).getRows(), [[1n]]);
      for (const sql of [
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_blob('/proc/self/environ')",
        "SELECT * FROM glob('/etc/*')",
        `SELECT * FROM '${other}'`,
        `SELECT * FROM read_text('${directory}/named.csv/../other.csv')`,
        `SELECT * FROM read_text('${duckdb.exchange}/../../other.csv')`,
        "SELECT * FROM read_csv('https://example.com/a.csv')",
      ]) {
        await assert.rejects(duckdb.run(sql), /Permission Error|disabled|HTTP|extension/u, sql);
      }
    },
    idle,
    [named],
  );
});

test('nothing outside the loan can be written, no extension loaded, no database file attached, no setting changed', async () => {
  const target = join(directory, 'written');
  await lend(async (duckdb) => {
    for (const sql of [
      `COPY (SELECT 1) TO '${target}'`,
      `EXPORT DATABASE '${target}'`,
      `ATTACH '${target}'`,
      'INSTALL httpfs',
      'LOAD httpfs',
      `LOAD '${target}'`,
      'SET enable_external_access = true',
      "SET allowed_directories = ['/']",
      'SET lock_configuration = false',
      `SET temp_directory = '${target}'`,
      `PRAGMA profiling_output = '${target}'`,
      'CREATE PERSISTENT SECRET s (TYPE s3)',
    ]) {
      await assert.rejects(duckdb.run(sql), Error, sql);
      await assert.rejects(access(target), Error, sql);
    }
  });
});

test('what does not fit into the memory spills into the private folder, and that goes', async () => {
  await lend(async (duckdb) => {
    const sql = `SELECT count(*) FROM (SELECT hash(range) AS h, repeat('a', 100) AS r FROM range(3000000) ORDER BY h, r) WHERE h >= 0`;
    assert.deepEqual(await (await duckdb.run(sql)).getRows(), [[3_000_000n]]);
  });
  assert.deepEqual(
    (await readdir(directory)).filter((name) => name.startsWith('writeback-duckdb')),
    [],
  );
});

test('an abort interrupts a statement at once and the folder goes', async () => {
  const abort = new AbortController();
  setTimeout(() => abort.abort(new Error('enough')), 100);
  const started = Date.now();
  const endless = 'SELECT count(*) FROM range(1000000000000) WHERE hash(range) = 1';
  await assert.rejects(
    lend((duckdb) => duckdb.run(endless), abort.signal),
    /enough/u,
  );
  assert.ok(Date.now() - started < 1100);
  assert.deepEqual(
    (await readdir(directory)).filter((name) => name.startsWith('writeback-duckdb')),
    [],
  );
});

const odd = `SELECT * FROM (VALUES
  (1, '\\N', DATE '2024-02-29', TIMESTAMP '2024-01-01 10:00:00.5', 1.50, [1, 2], true, TIME '10:00:00'),
  (2, '', NULL, TIMESTAMP '0001-01-01 00:00:00', 0.00, NULL, false, NULL),
  (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (3, 'a"b,' || chr(10) || chr(13), DATE '9999-12-31', NULL, -1.25, [], NULL, TIME '23:59:59.000001'))
  AS t(id, "a,b", d, t, "1", l, b, c)`;

const oddCsv =
  'id,"a,b",d,t,1,l,b,c\n' +
  '1,"\\N",2024-02-29,2024-01-01T10:00:00.5,1.50,"[1,2]",true,10:00:00\n' +
  '2,"",,0001-01-01T00:00:00,0.00,,false,\n,,,,,,,\n' +
  '3,"a""b,\n\r",9999-12-31,,-1.25,"[]",,23:59:59.000001\n';

for (const fifos of [true, false]) {
  test(`a query comes out as canonical CSV, ${fifos ? 'through a FIFO' : 'through a file'}`, async () => {
    await lend(async (duckdb) => {
      const columns = await describeSelect(duckdb, odd);
      assert.equal(
        columns.map(({ type }) => type).join(' '),
        'LONG STRING DATE DATETIME DECIMAL STRING BOOLEAN TIME',
      );
      const csv = await text(queryCsv(duckdb, odd, columns, idle, { fifos }));
      assert.equal(csv, oddCsv);
    });
  });

  test(`an error in the midst of a query is thrown, ${fifos ? 'through a FIFO' : 'through a file'}`, async () => {
    const select = `SELECT CASE WHEN range = 900000 THEN error('midway') ELSE range END AS r FROM range(1000000)`;
    await lend(async (duckdb) => {
      const columns = await describeSelect(duckdb, select);
      await assert.rejects(collect(queryCsv(duckdb, select, columns, idle, { fifos })), /midway/u);
    });
  });
}

test('many times what the pipe and its blocks hold comes whole and in order to a slow reader', async () => {
  const select = 'SELECT range AS r FROM range(10000000, 13000000)';
  await lend(async (duckdb) => {
    const columns = await describeSelect(duckdb, select);
    const chunks: Buffer[] = [];
    for await (const chunk of queryCsv(duckdb, select, columns, idle)) {
      await setImmediate();
      chunks.push(Buffer.from(chunk));
    }
    const csv = Buffer.concat(chunks);
    const expected = Array.from({ length: 3_000_000 }, (_, row) => `${10_000_000 + row}\n`);
    assert.ok(csv.equals(Buffer.from(`r\n${expected.join('')}`)));
  });
});

test('types of DuckDB without a type of ours become text or the next wider type', async () => {
  const select = `SELECT 1::UBIGINT AS u, 170141183460469231731687303715884105727::HUGEINT AS h, 1.5::FLOAT AS f,
    TIMESTAMPTZ '2024-01-01 10:00:00+02' AS z, '{"a":1}'::JSON AS j, '"x"'::JSON AS s, {'k': 1} AS o,
    'aa'::BLOB AS b, uuid '00000000-0000-0000-0000-000000000001' AS i, TIMESTAMP_NS '2024-01-01 00:00:00.123456789' AS n`;
  await lend(async (duckdb) => {
    const columns = await describeSelect(duckdb, select);
    const types = 'DECIMAL DECIMAL DOUBLE DATETIME STRING STRING STRING STRING STRING DATETIME';
    assert.equal(columns.map(({ type }) => type).join(' '), types);
    const csv = await text(queryCsv(duckdb, select, columns, idle));
    const expected =
      '1,170141183460469231731687303715884105727,1.5,2024-01-01T08:00:00,"{""a"":1}","x","{""k"":1}","aa","00000000-0000-0000-0000-000000000001",2024-01-01T00:00:00.123456789';
    assert.equal(csv.split('\n')[1], expected);
  });
});

test('the process keeps no FIFO open after a query', async () => {
  const open = async (): Promise<number> => (await readdir('/proc/self/fd').catch(() => [])).length;
  const once = (): Promise<unknown> =>
    lend(async (duckdb) => {
      const columns = await describeSelect(duckdb, odd);
      for await (const chunk of queryCsv(duckdb, odd, columns, idle)) if (chunk.length > 40) break;
    });
  await once();
  const before = await open();
  for (let times = 0; times < 5; times += 1) await once();
  assert.ok((await open()) <= before);
  assert.match(await readFile(join(directory, 'named.csv'), 'utf8'), /^a/u);
});
