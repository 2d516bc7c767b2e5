import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { BlockRing, type BlockRingOptions } from './block-ring.ts';

const bytes = randomBytes(100_000);

/** Copies of what the ring gives out, taken before the next pull. */
async function collect(ring: AsyncIterable<Uint8Array>, slow = false): Promise<Buffer[]> {
  const blocks: Buffer[] = [];
  for await (const block of ring) {
    blocks.push(Buffer.from(block));
    if (slow) await turn();
  }
  return blocks;
}

/** A writer that stops when it is told to, as a socket does. */
function createFeed(chunkBytes: number, options: BlockRingOptions = {}) {
  const feed = { offset: 0, pauses: 0, abandoned: 0, run: () => {} };
  const ring = new BlockRing({
    blockBytes: 1000,
    resume: () => feed.run(),
    abandon: () => (feed.abandoned += 1),
    ...options,
  });
  feed.run = () => {
    while (feed.offset < bytes.length) {
      const chunk = bytes.subarray(feed.offset, feed.offset + chunkBytes);
      feed.offset += chunk.length;
      if (ring.write(chunk)) continue;
      feed.pauses += 1;
      return;
    }
    ring.end();
  };
  return { ring, feed };
}

for (const chunkBytes of [1, 333, 1000, 2500, 30_000]) {
  test(`chunks of ${chunkBytes} bytes come out as full blocks, in order, and the writer is paused`, async () => {
    const { ring, feed } = createFeed(chunkBytes);
    feed.run();
    assert.ok(feed.offset <= Math.max(2000, chunkBytes) + 1000, 'it stops when two blocks wait');
    const blocks = await collect(ring, true);
    assert.ok(blocks.slice(0, -1).every(({ length }) => length === 1000));
    assert.ok(Buffer.concat(blocks).equals(bytes));
    assert.ok(feed.pauses > 0);
    assert.equal(feed.abandoned, 0);
  });
}

test('a reader that waits gets a block when it is full, and the rest at the end', async () => {
  const ring = new BlockRing({ blockBytes: 10 });
  const blocks = collect(ring);
  for (const letter of 'abcdefghijklmnopqrstuvwxyz') {
    assert.ok(ring.write(Buffer.from(letter)), 'nobody has to pause');
    await turn();
  }
  ring.end();
  assert.deepEqual((await blocks).map(String), ['abcdefghij', 'klmnopqrst', 'uvwxyz']);
});

test('bytes can be read straight into the ring', async () => {
  const ring = new BlockRing({ blockBytes: 10, waiting: 9 });
  for (let offset = 0; offset < 26;) {
    const room = ring.room();
    const count = Math.min(room.length, 4, 26 - offset);
    room.set(Buffer.from('abcdefghijklmnopqrstuvwxyz').subarray(offset, offset + count));
    ring.filled(count);
    offset += count;
  }
  ring.end();
  assert.equal(Buffer.concat(await collect(ring)).toString(), 'abcdefghijklmnopqrstuvwxyz');
});

test('the same few blocks go round', async () => {
  const { ring, feed } = createFeed(700);
  feed.run();
  const buffers = new Set<ArrayBufferLike>();
  let blocks = 0;
  for await (const block of ring) {
    buffers.add(block.buffer);
    blocks += 1;
  }
  assert.equal(blocks, 100);
  assert.ok(buffers.size <= 4, `${buffers.size} blocks`);
});

test('a lent block is not written to before the next pull', async () => {
  const ring = new BlockRing({ blockBytes: 4, waiting: 1 });
  ring.write(Buffer.from('aaaa'));
  const { value } = await ring.next();
  // More than a polite writer would give.
  ring.write(Buffer.from('bbbbccccdddd'));
  assert.equal(Buffer.from(value!).toString(), 'aaaa');
  ring.end();
  assert.deepEqual((await collect(ring)).map(String), ['bbbb', 'cccc', 'dddd']);
});

test('an error comes after the bytes before it, and ends the ring', async () => {
  const ring = new BlockRing({ blockBytes: 4 });
  ring.write(Buffer.from('aaaabb'));
  const broken = new Error('broken');
  ring.fail(broken);
  ring.fail(new Error('a second one'));
  ring.write(Buffer.from('too late'));
  assert.equal(String((await ring.next()).value), 'aaaa');
  assert.equal(String((await ring.next()).value), 'bb');
  await assert.rejects(ring.next(), (error) => error === broken);
  assert.deepEqual(await ring.next(), { done: true, value: undefined });
});

test('an error wakes a reader that waits', async () => {
  const ring = new BlockRing();
  const waiting = ring.next();
  const broken = new Error('broken');
  ring.fail(broken);
  await assert.rejects(waiting, (error) => error === broken);
});

test('leaving early tells the writer once, and what it still writes goes nowhere', async () => {
  const { ring, feed } = createFeed(1500);
  feed.run();
  for await (const block of ring) {
    assert.equal(block.length, 1000);
    break;
  }
  assert.equal(feed.abandoned, 1);
  assert.equal(ring.write(bytes), false);
  ring.end();
  await ring.return();
  assert.equal(feed.abandoned, 1);
  assert.deepEqual(await ring.next(), { done: true, value: undefined });
});

test('a ring that nobody has read can be left, and a pull that waits is answered', async () => {
  const { ring, feed } = createFeed(10);
  const waiting = ring.next();
  await ring.return();
  assert.equal((await waiting).done, true);
  assert.equal(feed.abandoned, 1);
});

test('nothing at all is an empty stream', async () => {
  const ring = new BlockRing();
  ring.end();
  assert.deepEqual(await collect(ring), []);
});
