import type { Batch, EncodedBatch } from '../../dataset/batch.ts';
import type { BatchConnector, Connector, FileConnector, OutgoingFile } from '../contract.ts';

/** What is lent is valid until the next pull: then these bytes stand there, and arrive where they do not belong. */
const overwritten = 0xee;

/** The same bytes, each chunk in memory that is overwritten at the next pull: who keeps a view of it, has wrong bytes. */
export async function* lentBytes(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let memory = Buffer.alloc(0);
  try {
    for await (const chunk of body) {
      if (memory.length < chunk.length) memory = Buffer.alloc(chunk.length);
      memory.set(chunk);
      yield memory.subarray(0, chunk.length);
      memory.fill(overwritten);
    }
  } finally {
    memory.fill(overwritten);
  }
}

function lentEncoding(encoded: EncodedBatch, lent: Uint8Array[]): EncodedBatch {
  const bytes = Buffer.from(encoded.bytes);
  const [ends, rows] = [encoded.ends.slice(), encoded.rows.slice()];
  for (const list of [ends, rows]) lent.push(new Uint8Array(list.buffer, list.byteOffset, list.byteLength));
  lent.push(bytes);
  return { ...encoded, bytes, ends, rows };
}

function lentBatch(batch: Batch, lent: Uint8Array[]): Batch {
  const bytes = Buffer.from(batch.bytes);
  lent.push(bytes);
  return {
    firstRow: batch.firstRow,
    rows: batch.rows,
    bytes,
    bson: (options) => lentEncoding(batch.bson(options), lent),
    jsonl: (options) => lentEncoding(batch.jsonl(options), lent),
    record: (row) => batch.record(row),
    values: () => batch.values(),
  };
}

async function* lentBatches(batches: AsyncIterable<Batch>): AsyncGenerator<Batch> {
  for await (const batch of batches) {
    const lent: Uint8Array[] = [];
    try {
      yield lentBatch(batch, lent);
    } finally {
      for (const bytes of lent) bytes.fill(overwritten);
    }
  }
}

async function* lentFiles(files: AsyncIterable<OutgoingFile>): AsyncGenerator<OutgoingFile> {
  for await (const file of files) yield { ...file, body: lentBytes(file.body) };
}

/** The same connector, given chunks and batches that are overwritten as soon as it pulls the next. */
export function withLentMemory(connector: Connector): Connector {
  if (connector.accepts === 'file') {
    const write: FileConnector['write'] = (job) => connector.write({ ...job, files: lentFiles(job.files) });
    return { ...connector, write };
  }
  const write: BatchConnector['write'] = (job) =>
    connector.write({ ...job, batches: lentBatches(job.batches) });
  return { ...connector, write };
}
