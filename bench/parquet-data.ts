import { DuckDBInstance } from '@duckdb/node-api';
import type { Data } from './data.ts';
import { typedCsv } from './rivals/typed-csv.ts';

/** The Parquet file beside a CSV file. */
export const parquetOf = ({ csv }: Pick<Data, 'csv'>): string => `${csv}.parquet`;

/** Writes the rows of `of` as Parquet beside it, as DuckDB does by itself. */
export async function writeParquet(of: Data): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '2' });
  const connection = await instance.connect();
  try {
    await connection.run(`copy (select * from ${typedCsv(of.csv)}) to '${parquetOf(of)}' (format parquet)`);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
