// What most people would write: csv-parse, a typed object for every row, insertMany of a thousand.
import { createReadStream } from 'node:fs';
import { parse } from 'csv-parse';
import { MongoClient } from 'mongodb';
import { mixedColumns } from '../../test/data/mixed-rows.ts';
import { typedValue } from './typed-value.ts';

const [, , path = '', uri = ''] = process.argv;

function typed(cells: readonly string[]): Record<string, unknown> {
  const document: Record<string, unknown> = {};
  for (const [index, { name, type }] of mixedColumns.entries()) {
    const text = cells[index] ?? '';
    document[name] = text === '' ? null : typedValue(type, text);
  }
  return document;
}

const client = await MongoClient.connect(uri);
const collection = client.db('bench').collection('naive');
let batch: Record<string, unknown>[] = [];
for await (const cells of createReadStream(path).pipe(parse({ fromLine: 2 }))) {
  batch.push(typed(cells as string[]));
  if (batch.length < 1000) continue;
  await collection.insertMany(batch, { ordered: false });
  batch = [];
}
if (batch.length > 0) await collection.insertMany(batch);
await client.close();
