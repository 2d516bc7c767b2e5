import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileBlocks } from './file-blocks.ts';

let directory: string;
let path: string;
const bytes = randomBytes(3_500_000);
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'writeback-blocks-'));
  path = join(directory, 'bytes');
  await writeFile(path, bytes);
});
after(() => rm(directory, { recursive: true, force: true }));

const idle = new AbortController().signal;

/** Linux tells which files are open; elsewhere this sees none. */
async function isOpen(): Promise<boolean> {
  const numbers = await readdir('/proc/self/fd').catch(() => []);
  const links = numbers.map((number) => readlink(`/proc/self/fd/${number}`).catch(() => ''));
  return (await Promise.all(links)).includes(path);
}

test('a file comes whole and in order, through two blocks', async () => {
  const buffers = new Set<ArrayBufferLike>();
  const copies: Buffer[] = [];
  for await (const block of fileBlocks(path, idle)) {
    buffers.add(block.buffer);
    copies.push(Buffer.from(block));
  }
  assert.ok(Buffer.concat(copies).equals(bytes));
  assert.equal(buffers.size, 2);
  assert.equal(await isOpen(), false);
});

test('a lent block is left alone until the next pull', async () => {
  for await (const block of fileBlocks(path, idle)) {
    const before = Buffer.from(block);
    await new Promise((resume) => setTimeout(resume, 20));
    assert.ok(before.equals(block));
  }
});

test('leaving early and an abort close the file', async () => {
  const controller = new AbortController();
  for await (const _ of fileBlocks(path, controller.signal)) break;
  assert.equal(await isOpen(), false);
  const reason = new Error('enough');
  const read = async () => {
    for await (const _ of fileBlocks(path, controller.signal)) controller.abort(reason);
  };
  await assert.rejects(read(), (error) => error === reason);
  assert.equal(await isOpen(), false);
});

test('an empty file has no blocks, and one that is missing is told', async () => {
  const empty = join(directory, 'empty');
  await writeFile(empty, '');
  assert.equal((await fileBlocks(empty, idle).next()).done, true);
  await assert.rejects(fileBlocks(join(directory, 'missing'), idle).next(), { code: 'ENOENT' });
});
