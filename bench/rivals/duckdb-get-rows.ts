// DuckDB's rows as its Node package gives them, made to BSON one by one, and thrown away: no network at all.
import { DuckDBDecimalValue, DuckDBInstance } from '@duckdb/node-api';
import { serialize } from 'bson';
import { typedCsv } from './typed-csv.ts';

const [, , path = ''] = process.argv;
const relation = path.endsWith('.parquet') ? `read_parquet('${path}')` : typedCsv(path);
const instance = await DuckDBInstance.create(':memory:', { threads: '2' });
const connection = await instance.connect();
const result = await connection.stream(`select * from ${relation}`);
const names = result.columnNames();
let bytes = 0;
for (let chunk = await result.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
  for (const row of chunk.getRows()) {
    const document: Record<string, unknown> = {};
    for (const [index, name] of names.entries()) document[name] = plain(row[index]);
    bytes += serialize(document).length;
  }
}
connection.closeSync();
process.stdout.write(`${bytes} bytes\n`);

/** Dates, timestamps and decimals come as objects of DuckDB's own. */
function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if ('micros' in value) return new Date(Number((value.micros as bigint) / 1000n));
  if ('days' in value) return new Date((value.days as number) * 86_400_000);
  return value instanceof DuckDBDecimalValue ? value.toString() : undefined;
}
