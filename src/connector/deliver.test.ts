import assert from 'node:assert/strict';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { crc32 } from 'node:zlib';
import { unpack } from '../../test/data/unpack.ts';
import type { Column } from '../dataset/dataset.ts';
import { folderConnector } from '../destination/folder/folder.ts';
import { withDuckdb } from '../duckdb/locked-duckdb.ts';
import { createEgress } from '../egress/egress.ts';
import { checkValues } from '../field/check.ts';
import { createLog } from '../log.ts';
import { lentBytes, withLentMemory } from './conformance/lent.ts';
import type { FileConnector } from './contract.ts';
import { type Delivery, deliver, deliverManifest } from './deliver.ts';
import { listTogether } from './tally.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'writeback-deliver-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const columns: Column[] = [
  { name: 'id', type: 'LONG' },
  { name: 'text', type: 'STRING' },
];
const filling = 'x'.repeat(1_000);
const header = 'id,text';

function csv(count: number, end = '\n', from = 1): string {
  const rows = Array.from({ length: count }, (_, index) => `${from + index},${filling}`);
  return [header, ...rows].map((line) => line + end).join('');
}

async function* pieces(text: string, size = 65_536) {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** A delivery into the temporary folder; every chunk of it is lent. */
function delivery(body: string, details: object, rest: Partial<Delivery> = {}): Delivery {
  const dataset = { id: 'sales', name: 'Sales', columns };
  return {
    connector: withLentMemory(folderConnector),
    credentials: checkValues(folderConnector.credentials, { folder }, 'credentials'),
    details: checkValues(folderConnector.details, { fileName: 'rows', ...details }, 'details'),
    opened: { dataset, body: lentBytes(pieces(body)), verify: async () => {} },
    run: { id: 'run1', number: 1, startedAt: new Date('2024-02-29T12:00:00Z') },
    writeback: { id: 'w', name: 'W', timeZone: 'UTC' },
    signal: new AbortController().signal,
    egress: createEgress(),
    log: createLog(() => {}),
    ...rest,
  };
}

const found = async () => (await readdir(folder)).toSorted();
const read = (name: string) => readFile(join(folder, name));
const sumOf = (bytes: Uint8Array) => crc32(bytes).toString(16).padStart(8, '0');

/** The lines of several files, each of which must begin with the header. */
async function rowsOf(names: readonly string[], end: string): Promise<string[]> {
  const texts = await Promise.all(names.map(async (name) => (await read(name)).toString()));
  return texts.flatMap((text) => {
    assert.ok(text.startsWith(header + end), 'the header stands in each file');
    assert.ok(text.endsWith(end));
    return text.slice(0, -end.length).split(end).slice(1);
  });
}

for (const [name, end] of [
  ['LF', '\n'],
  ['CRLF', '\r\n'],
] as const) {
  test(`a split DataSet is several files, each with a header ending in ${name}`, async () => {
    const source = csv(3_000, end);
    const delivered = await deliver(delivery(source, { splitSize: 1 }));
    const names = await found();
    assert.deepEqual(names, ['rows_00001.csv', 'rows_00002.csv', 'rows_00003.csv', 'rows_00004.csv']);
    assert.deepEqual(await rowsOf(names, end), source.slice(0, -end.length).split(end).slice(1));
    assert.deepEqual(
      delivered.files.map(({ path }) => path),
      names,
    );
    const sizes = delivered.files.map(({ bytes }) => bytes);
    assert.ok(sizes.every((size) => size <= 1_000_000 + header.length + 2 && size > 0));
    assert.equal(
      delivered.files.reduce((sum, { rows }) => sum + rows, 0),
      3_000,
    );
    for (const { path, bytes, crc32 } of delivered.files) {
      const file = await read(path);
      assert.deepEqual([bytes, crc32], [file.length, sumOf(file)]);
    }
    // Of several files the checksum is that of what was read.
    assert.equal(delivered.crc32, sumOf(Buffer.from(source)));
    assert.deepEqual([delivered.rowsRead, delivered.rowsWritten], [3_000, 3_000]);
  });
}

test('{part} stands where the name says, in a folder too', async () => {
  await deliver(delivery(csv(1_500), { splitSize: 1, path: 'p{part}', fileName: 'n{part}' }));
  assert.deepEqual(await found(), ['p00001', 'p00002']);
  assert.deepEqual(await readdir(join(folder, 'p00002')), ['n00002.csv']);
});

test('a split DataSet without rows is one file with its header', async () => {
  const { files } = await deliver(delivery(csv(0), { splitSize: 1 }));
  assert.deepEqual(
    files.map(({ path, rows }) => [path, rows]),
    [['rows_00001.csv', 0]],
  );
  assert.equal((await read('rows_00001.csv')).toString(), `${header}\n`);
});

test('the manifest comes last and tells the facts of the files', async () => {
  const seen: string[][] = [];
  const connector: FileConnector = {
    ...(folderConnector as FileConnector),
    fileName: () => 'rows',
    async write(job) {
      const published = [];
      for await (const file of job.files) {
        seen.push([file.path, ...(await found())]);
        async function* only() {
          yield file;
        }
        const write = folderConnector.write as typeof this.write;
        published.push(...(await write({ ...job, files: only() })));
      }
      return published;
    },
  };
  const { files } = await deliver(delivery(csv(1_500), { splitSize: 1, manifest: true }, { connector }));
  assert.deepEqual(seen, [
    ['rows_00001.csv'],
    ['rows_00002.csv', 'rows_00001.csv'],
    ['rows.manifest.json', 'rows_00001.csv', 'rows_00002.csv'],
  ]);
  const manifest = JSON.parse((await read('rows.manifest.json')).toString()) as Record<string, unknown>;
  assert.equal(manifest['rows'], 1_500);
  assert.deepEqual(manifest['run'], { id: 'run1', number: 1 });
  const told = files.slice(0, 2).map(({ path, rows, bytes, crc32 }) => ({ path, rows, bytes, crc32 }));
  assert.deepEqual(manifest['files'], told);
});

test('the checksum of one file is the file’s, with a manifest beside it too', async () => {
  for (const manifest of [false, true]) {
    const { crc32 } = await deliver(delivery(csv(10), { lineEnding: 'crlf', manifest }));
    assert.equal(crc32, sumOf(await read('rows.csv')));
  }
});

test('parts publish no manifest of their own; it comes after all of them', async () => {
  const details = { manifest: true };
  const files = [];
  for (const part of [1, 2]) {
    const delivered = await deliver(delivery(csv(10, '\n', part * 10), details, { part }));
    files.push(...delivered.files);
  }
  assert.deepEqual(await found(), ['rows_00001.csv', 'rows_00002.csv']);
  const [manifest] = await deliverManifest(delivery('', details), files);
  assert.equal(manifest?.path, 'rows.manifest.json');
  const content = JSON.parse((await read('rows.manifest.json')).toString()) as {
    files: unknown[];
    rows: number;
  };
  assert.deepEqual([content.rows, content.files.length], [20, 2]);
});

test('files of parts that are split again have numbers of their own', async () => {
  for (const part of [1, 2]) await deliver(delivery(csv(1_500), { splitSize: 1 }, { part }));
  assert.deepEqual(await found(), ['rows_10001.csv', 'rows_10002.csv', 'rows_20001.csv', 'rows_20002.csv']);
});

for (const [compression, suffix] of [
  ['none', ''],
  ['gzip', '.gz'],
  ['zstd', '.zst'],
  ['zip', '.zip'],
] as const) {
  test(`CSV and JSON Lines arrive whole with compression ${compression}`, async () => {
    const source = csv(5_000);
    const plain = await deliver(delivery(source, { compression }));
    const packed = await read(`rows.csv${suffix}`);
    assert.ok(unpack[compression](packed).equals(Buffer.from(source)));
    assert.deepEqual([plain.bytes, plain.crc32, plain.rowsWritten], [packed.length, sumOf(packed), 5_000]);
    await deliver(delivery(source, { compression, fileFormat: 'jsonl' }));
    const lines = unpack[compression](await read(`rows.jsonl${suffix}`))
      .toString()
      .trimEnd()
      .split('\n');
    assert.equal(lines.length, 5_000);
    assert.deepEqual(JSON.parse(lines[4_999]!), { id: 5_000, text: filling });
  });
}

test('Parquet arrives typed', async () => {
  const { rowsWritten } = await deliver(delivery(csv(5_000), { fileFormat: 'parquet', compression: 'zstd' }));
  const path = join(folder, 'rows.parquet');
  const { signal } = new AbortController();
  await withDuckdb({ files: [path], signal }, async (duckdb) => {
    const sql = `SELECT count(*)::INT, sum(id)::INT, min(typeof(id)), min(text) FROM '${path}'`;
    const rows = await (await duckdb.run(sql)).getRowsJson();
    assert.deepEqual(rows, [[5_000, 12_502_500, 'BIGINT', filling]]);
  });
  assert.equal(rowsWritten, 5_000);
});

for (const fileFormat of ['jsonl', 'parquet']) {
  test(`rejected rows are left out up to the limit, beyond it nothing is published: ${fileFormat}`, async () => {
    const body = 'id,text\n1,a\ntwo,"b,b"\n3,c\nfour,""\n';
    const work = deliver(delivery(body, { fileFormat, rejectedRowsLimit: 1 }));
    await assert.rejects(work, { name: 'UserError', code: 'too-many-rejected-rows', row: 4, column: 'id' });
    assert.deepEqual(await found(), []);
    const delivered = await deliver(delivery(body, { fileFormat, rejectedRowsLimit: 2 }));
    const { rowsRead, rowsWritten, rowsRejected, rejected } = delivered;
    assert.deepEqual([rowsRead, rowsWritten, rowsRejected], [4, 2, 2]);
    assert.deepEqual(
      rejected.map(({ row, column, cells }) => [row, column, cells]),
      [
        [2, 'id', 'two,"b,b"'],
        [4, 'id', 'four,""'],
      ],
    );
    assert.equal(delivered.files[0]?.rows, 2);
  });
}

test('a row that does not fit the encoding is kept as it came', async () => {
  const details = { encoding: 'windows1252', unmappable: 'reject', rejectedRowsLimit: 3 };
  const body = 'id,text\n1,a\n2,"☃, ""\nno"\n3,c\n4,☃\r\n';
  const { rejected } = await deliver(delivery(body, details));
  const cells = rejected.map((one) => one.cells);
  assert.deepEqual(cells, ['2,"☃, ""\nno"', '4,☃']);
});

test('of rejected rows so many bytes are kept', async () => {
  const text = 'x'.repeat(1_500_000);
  const rows = ['b', 'c', 'd', 'e'].map((id) => `${id},${text}`);
  const body = `id,text\n${rows.join('\n')}\n`;
  const { rejected } = await deliver(delivery(body, { fileFormat: 'jsonl', rejectedRowsLimit: 5 }));
  const kept = rejected.map(({ cells }) => cells?.length);
  assert.deepEqual(kept, [text.length + 2, text.length + 2, undefined, undefined]);
  const together = listTogether([rejected[0]!, rejected[1]!, rejected[0]!]).map(({ cells }) => cells?.length);
  assert.deepEqual(together, [text.length + 2, text.length + 2, undefined], 'of several deliveries no more');
});

test('rejected rows are counted on over the files of a split', async () => {
  const rows = csv(3_000).replace('\n2500,', '\nbad,');
  const details = { splitSize: 1, fileFormat: 'jsonl', rejectedRowsLimit: 1 };
  const { rejected, files } = await deliver(delivery(rows, details));
  assert.deepEqual(
    rejected.map(({ row }) => row),
    [2_500],
  );
  assert.equal(
    files.reduce((sum, file) => sum + file.rows, 0),
    2_999,
  );
});

test('a destination that is current is sent nothing, and the source is closed', async () => {
  let closed = 0;
  let asked = '';
  const body = {
    [Symbol.asyncIterator]: () => ({
      next: () => assert.fail('nothing is pulled'),
      return: async () => {
        closed += 1;
        return { done: true, value: undefined } as const;
      },
    }),
  };
  const connector: FileConnector = {
    ...(folderConnector as FileConnector),
    fileName: () => 'rows',
    write: () => assert.fail('nothing is written'),
    isCurrent: async (_, path) => {
      asked = path;
      return true;
    },
  };
  const work = delivery('', { splitSize: 1 }, { connector });
  const { files, warnings, rowsRead } = await deliver({ ...work, opened: { ...work.opened, body } });
  assert.deepEqual([asked, closed, files.length, rowsRead], ['rows_00001.csv', 1, 0, 0]);
  assert.match(warnings.join(' '), /has not changed/);
});
