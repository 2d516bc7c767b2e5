import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { UserError } from '../errors.ts';
import { type KeyRing, newMasterKey, parseKeyRing, readKeyFile, writeKeyFile } from './key-ring.ts';

describe('key ring', () => {
  async function withFolder(use: (file: string) => Promise<void>): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'writeback-keys-'));
    try {
      await use(join(folder, 'master-key'));
    } finally {
      await rm(folder, { recursive: true });
    }
  }

  test('the first start makes a key file that is ours alone, the next reads it', () =>
    withFolder(async (file) => {
      const [key] = await readKeyFile(file, true);
      assert.equal((await stat(file)).mode & 0o777, 0o600);
      assert.deepEqual(await readKeyFile(file, false), [key]);
      assert.deepEqual(await readdir(join(file, '..')), ['master-key']);
    }));

  test('processes that start at once have the same key', () =>
    withFolder(async (file) => {
      const rings = await Promise.all(Array.from({ length: 10 }, () => readKeyFile(file, true)));
      assert.equal(new Set(rings.map(([{ id }]) => id)).size, 1);
    }));

  test('a key that is gone is not replaced in silence', () =>
    withFolder(async (file) => {
      await assert.rejects(readKeyFile(file, false), { code: 'seal-key-missing' });
      assert.deepEqual(await readdir(join(file, '..')), []);
    }));

  test('a key that others may read is refused', () =>
    withFolder(async (file) => {
      await readKeyFile(file, true);
      await chmod(file, 0o640);
      await assert.rejects(readKeyFile(file, true), { code: 'seal-key-open' });
    }));

  test('a ring is written and read with its order', () =>
    withFolder(async (file) => {
      const both: KeyRing = [newMasterKey(), newMasterKey()];
      await writeKeyFile(file, both);
      assert.deepEqual(await readKeyFile(file, false), both);
      assert.deepEqual(await readdir(join(file, '..')), ['master-key']);
    }));

  test('keys may be given as text, separated by line ends, spaces or commas', () => {
    const [one, two] = [newMasterKey(), newMasterKey()];
    const text = `${one.bytes.toString('base64')}, ${two.bytes.toString('base64')}\n`;
    assert.deepEqual(parseKeyRing(text, 'WRITEBACK_MASTER_KEYS'), [one, two]);
  });

  test('what is no key is refused without being repeated', () =>
    withFolder(async (file) => {
      const short = Buffer.alloc(31, 1).toString('base64');
      for (const text of [
        '',
        '\n',
        'hunter2',
        short,
        `${newMasterKey().bytes.toString('base64')} ${short}`,
      ]) {
        assert.throws(
          () => parseKeyRing(text, 'here'),
          (error: UserError) => {
            assert.equal(error.code, 'seal-key-bad');
            assert.ok(!/hunter2|AQEB/.test(error.message));
            return true;
          },
        );
      }
      await writeFile(file, 'hunter2', { mode: 0o600 });
      await assert.rejects(readKeyFile(file, true), { code: 'seal-key-bad' });
      assert.equal(await readFile(file, 'utf8'), 'hunter2', 'and stays for whoever looks');
    }));
});
