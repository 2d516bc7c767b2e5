import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { unpack, unzip } from '../../test/data/unpack.ts';
import { compress, compressedExtension } from './compression.ts';
import { localHeader, zipEnd } from './zip-records.ts';

const kinds = ['none', 'gzip', 'zstd', 'zip'] as const;
const name = 'Umsätze 売上.csv';

async function* chunks(...list: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* list;
}

async function collect(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of body) parts.push(Buffer.from(chunk));
  return Buffer.concat(parts);
}

const line = Buffer.from('4711,Müller,2026-03-01,12.50\n'.repeat(40_000));

for (const kind of kinds) {
  describe(`compression ${kind}`, () => {
    test('what is unpacked is what was packed', async () => {
      const packed = await collect(
        compress({ kind, entryName: name }, chunks(line.subarray(0, 7), line.subarray(7), line)),
      );
      assert.ok(unpack[kind](packed).equals(Buffer.concat([line, line])));
      if (kind !== 'none') assert.ok(packed.length < line.length / 5);
    });

    test('nothing is packed too', async () => {
      assert.equal(unpack[kind](await collect(compress({ kind, entryName: name }, chunks()))).length, 0);
    });

    test('what the source throws comes out unchanged, and there is no end before it', async () => {
      const broken = new Error('the source broke');
      async function* body() {
        yield line;
        throw broken;
      }
      const seen: Uint8Array[] = [];
      const pulled = async () => {
        for await (const chunk of compress({ kind, entryName: name }, body())) seen.push(chunk);
      };
      await assert.rejects(pulled, (error) => error === broken);
      if (kind !== 'none') assert.throws(() => unpack[kind](Buffer.concat(seen)));
    });

    test('leaving the loop early closes the source', async () => {
      let closed = false;
      async function* body() {
        try {
          for (;;) yield line;
        } finally {
          closed = true;
        }
      }
      for await (const chunk of compress({ kind, entryName: name }, body())) {
        assert.ok(chunk.length > 0);
        break;
      }
      if (kind !== 'zip') assert.equal(closed, true);
      let some = 0;
      closed = false;
      for await (const _ of compress({ kind, entryName: name }, body())) if (++some === 2) break;
      assert.equal(closed, true);
    });

    test('the source is only pulled as fast as the result is taken', async () => {
      let pulled = 0;
      async function* body() {
        // Bytes that do not shrink.
        for (; pulled < 2000; pulled++) yield crypto.getRandomValues(new Uint8Array(65_536));
      }
      const iterator = compress({ kind, entryName: name }, body())[Symbol.asyncIterator]();
      await iterator.next();
      await iterator.next();
      await new Promise((resolve) => setTimeout(resolve, 100));
      // At most 32 MiB in blocks, and what waits between.
      assert.ok(pulled < 600, `${pulled} chunks were pulled ahead`);
      await iterator.return?.();
    });
  });
}

test('the same bytes give the same bytes at another time', async () => {
  const pack = () =>
    Promise.all(kinds.map((kind) => collect(compress({ kind, entryName: name }, chunks(line)))));
  const first = await pack();
  // Zip counts time in steps of two seconds, gzip in seconds.
  await new Promise((resolve) => setTimeout(resolve, 2100));
  for (const [index, bytes] of (await pack()).entries()) assert.ok(first[index]?.equals(bytes), kinds[index]);
});

test('the name tells the compression', () => {
  assert.deepEqual(kinds.map(compressedExtension), ['', '.gz', '.zst', '.zip']);
});

describe('zip', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'writeback-zip-'));
  });
  after(() => rm(folder, { recursive: true }));

  test('the entry bears its name in UTF-8, and the first day of the format', async () => {
    const { name: found, date } = unzip(
      await collect(compress({ kind: 'zip', entryName: name }, chunks(line))),
    );
    assert.deepEqual([found, date], [name, 0x21]);
  });

  const readers = [
    ['unzip', '-tq'],
    ['python3', '-c', 'import sys, zipfile; sys.exit(zipfile.ZipFile(sys.argv[1]).testzip() is not None)'],
  ] as const;
  for (const [command, ...options] of readers) {
    test(`${command} finds nothing wrong`, async (context) => {
      if (spawnSync(command, ['--version']).error) return context.skip(`${command} is not installed`);
      const file = join(folder, `${command}.zip`);
      await writeFile(file, compress({ kind: 'zip', entryName: name }, chunks(line)));
      const { status, stderr, stdout } = spawnSync(command, [...options, file]);
      assert.equal(status, 0, `${stdout.toString()}${stderr.toString()}`);
    });
  }

  test('past 4 GB the sizes and the offset move to the zip64 fields', () => {
    const entry = { name: 'a.csv', crc32: 0xdeadbeef, packed: 5_000_000_000, size: 20_000_000_000 };
    const bytes = zipEnd(entry);
    assert.equal(bytes.readBigUInt64LE(8), 5_000_000_000n);
    assert.equal(bytes.readBigUInt64LE(16), 20_000_000_000n);
    const central = 24;
    assert.equal(bytes.readUInt32LE(central), 0x02014b50);
    assert.deepEqual(
      [bytes.readUInt32LE(central + 20), bytes.readUInt32LE(central + 24)],
      [0xffff_ffff, 0xffff_ffff],
    );
    const extra = central + 46 + 5;
    assert.deepEqual([bytes.readUInt16LE(extra), bytes.readUInt16LE(extra + 2)], [1, 16]);
    assert.equal(bytes.readBigUInt64LE(extra + 4), 20_000_000_000n);
    const end64 = extra + 20;
    assert.equal(bytes.readUInt32LE(end64), 0x06064b50);
    const offset = BigInt(localHeader('a.csv').length + 5_000_000_000 + 24);
    assert.equal(bytes.readBigUInt64LE(end64 + 48), offset);
    assert.equal(bytes.readUInt32LE(end64 + 56), 0x07064b50);
    assert.equal(bytes.readBigUInt64LE(end64 + 64), offset + BigInt(end64 - central));
    assert.equal(bytes.readUInt32LE(bytes.length - 22), 0x06054b50);
    assert.equal(bytes.readUInt32LE(bytes.length - 6), 0xffff_ffff);
  });
});

describe('several blocks', () => {
  // Some 6 MB of lines that differ, so that a block out of order or lost would show.
  const rows = Buffer.from(
    Array.from({ length: 200_000 }, (_, row) => `${row},Müller,${row * 7.25}\n`).join(''),
  );
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'writeback-blocks-'));
  });
  after(() => rm(folder, { recursive: true }));

  for (const kind of ['gzip', 'zstd', 'zip'] as const) {
    test(`${kind}: they come in order, and however the chunks are cut the bytes are the same`, async () => {
      const whole = await collect(compress({ kind, entryName: name }, chunks(rows)));
      assert.ok(unpack[kind](whole).equals(rows));
      const third = Math.floor(rows.length / 3);
      const cut = chunks(rows.subarray(0, 1), rows.subarray(1, third), rows.subarray(third));
      assert.ok((await collect(compress({ kind, entryName: name }, cut))).equals(whole));
    });

    test(`${kind}: a chunk may be overwritten as soon as the next is pulled`, async () => {
      const reused = Buffer.alloc(65_536);
      async function* body() {
        for (let at = 0; at < rows.length; at += reused.length) {
          yield reused.subarray(0, rows.copy(reused, 0, at, at + reused.length));
          reused.fill(0);
        }
      }
      assert.ok(unpack[kind](await collect(compress({ kind, entryName: name }, body()))).equals(rows));
    });

    test(`${kind}: a higher level gives fewer bytes`, async () => {
      const sizes = [1, 9].map(async (level) => {
        return (await collect(compress({ kind, level, entryName: name }, chunks(rows)))).length;
      });
      const [fast = 0, small = 0] = await Promise.all(sizes);
      assert.ok(small < fast, `${small} is not less than ${fast}`);
    });
  }

  const python = 'import gzip, sys; sys.stdout.buffer.write(gzip.open(sys.argv[1]).read())';
  const readers = [
    ['gzip', 'gzip', '-dc'],
    ['zstd', 'zstd', '-dcq'],
    ['gzip', 'python3', '-c', python],
  ] as const;
  for (const [kind, command, ...options] of readers) {
    test(`${command} reads what ${kind} made`, async (context) => {
      if (spawnSync(command, ['--version']).error) return context.skip(`${command} is not installed`);
      const file = join(folder, `rows${compressedExtension(kind)}`);
      await writeFile(file, compress({ kind, entryName: name }, chunks(rows)));
      const { stdout } = spawnSync(command, [...options, file], { maxBuffer: 2 * rows.length });
      assert.ok(stdout.equals(rows));
    });
  }
});
