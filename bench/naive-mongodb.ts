// What most people would write: csv-parse, a typed object for every row, insertMany of a thousand.
import { createReadStream } from 'node:fs';
import { parse } from 'csv-parse';
import { Decimal128, Double, Long, MongoClient } from 'mongodb';
import { mixedColumns } from '../test/data/mixed-rows.ts';

const [, , path = '', uri = ''] = process.argv;

function typed(cells: readonly string[]): Record<string, unknown> {
  const document: Record<string, unknown> = {};
  for (const [index, { name, type }] of mixedColumns.entries()) {
    const text = cells[index] ?? '';
    if (text === '') document[name] = type === 'STRING' ? text : null;
    else if (type === 'LONG') document[name] = Long.fromString(text);
    else if (type === 'DOUBLE') document[name] = new Double(Number(text));
    else if (type === 'DECIMAL') document[name] = Decimal128.fromString(text);
    else if (type === 'DATE') document[name] = new Date(`${text}T00:00:00Z`);
    else if (type === 'DATETIME') document[name] = new Date(`${text}Z`);
    else document[name] = text;
  }
  return document;
}

const client = await MongoClient.connect(uri, {
  auth: { username: 'loader', password: 'loader-password' },
  authSource: 'admin',
});
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
