import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Batch } from '../../dataset/batch.ts';
import { batches } from '../../dataset/batches.ts';
import type { BatchJob, Connector, FileJob } from '../contract.ts';
import { lentBytes, withLentMemory } from './lent.ts';

async function* chunks(...texts: string[]) {
  for (const text of texts) yield Buffer.from(text);
}

const base = { id: 'shelf', name: 'Shelf', summary: '', icon: '', credentials: {}, details: {} };
async function* noSteps() {}

/** What a connector has in its hands at the end: of copies taken in time, and of views that it kept. */
async function seen<T>(items: AsyncIterable<T>, bytesOf: (item: T) => Uint8Array[]) {
  const copies: Buffer[] = [];
  const views: Uint8Array[] = [];
  for await (const item of items) {
    for (const bytes of bytesOf(item)) {
      copies.push(Buffer.from(bytes));
      views.push(bytes);
    }
  }
  return { copies: Buffer.concat(copies), views: Buffer.concat(views) };
}

test('a chunk is right until the next pull, and overwritten then', async () => {
  const { copies, views } = await seen(lentBytes(chunks('one,', 'two', ',a longer one')), (chunk) => [chunk]);
  assert.equal(copies.toString(), 'one,two,a longer one');
  assert.ok(views.every((byte) => byte === 0xee));
});

test('leaving early overwrites the last chunk too', async () => {
  let kept: Uint8Array = Buffer.alloc(0);
  for await (const chunk of lentBytes(chunks('one', 'two'))) {
    kept = chunk;
    break;
  }
  assert.equal(Buffer.from(kept).toString('hex'), 'eeeeee');
});

test('a file connector that keeps chunks has wrong bytes', async () => {
  let found: Awaited<ReturnType<typeof seen>> | undefined;
  const connector: Connector = {
    ...base,
    accepts: 'file',
    fileName: () => 'rows',
    testConnection: noSteps,
    async write({ files }) {
      for await (const { body } of files) found = await seen(body, (chunk) => [chunk]);
      return [];
    },
  };
  async function* files() {
    yield { path: 'a.csv', contentType: 'text/csv', body: chunks('a\n', '1\n'), facts: () => assert.fail() };
  }
  const lent = withLentMemory(connector);
  assert.ok(lent.accepts === 'file');
  await lent.write({ files: files() } as unknown as FileJob<never, never>);
  assert.equal(found?.copies.toString(), 'a\n1\n');
  assert.ok(found?.views.every((byte) => byte === 0xee));
});

test('a batch connector that keeps a batch, its documents or their ends has wrong ones', async () => {
  const options = { nulls: 'null', fieldNames: 'keep', strict: false } as const;
  const all = (batch: Batch) => {
    const { bytes, ends } = batch.jsonl(options);
    return [batch.bytes, batch.bson(options).bytes, bytes, new Uint8Array(ends.buffer, ends.byteOffset, 4)];
  };
  let found: Awaited<ReturnType<typeof seen>> | undefined;
  const connector: Connector = {
    ...base,
    accepts: 'batches',
    testConnection: noSteps,
    async write({ batches }) {
      found = await seen(batches, all);
      return { location: '', rowsWritten: 0, bytes: 0 };
    },
  };
  const source = () =>
    batches(chunks('a\n1\n2\n3\n'), [{ name: 'a', type: 'LONG' }], { batchBytes: 64, maxRows: 2 });
  const lent = withLentMemory(connector);
  assert.ok(lent.accepts === 'batches');
  await lent.write({ batches: source() } as unknown as BatchJob<never, never>);
  const { copies } = await seen(source(), all);
  assert.ok(found?.copies.equals(copies) === true);
  assert.ok(found?.views.every((byte) => byte === 0xee));
});
