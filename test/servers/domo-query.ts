import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { DuckDBInstance, type DuckDBConnection, type DuckDBResult, type DuckDBValue } from '@duckdb/node-api';
import type { ColumnType } from '../../src/dataset/dataset.ts';
import { infrastructureProblem, notFound, refuse, type Answer, type Ask } from './domo-answers.ts';
import { mayRead, type Datasets, type StandInDataset } from './domo-datasets.ts';
import type { BodyFault } from './domo-faults.ts';
import type { Identity } from './domo-tokens.ts';

const stored: Record<ColumnType, string> = {
  STRING: 'VARCHAR',
  LONG: 'BIGINT',
  DOUBLE: 'DOUBLE',
  DECIMAL: 'DECIMAL(38,10)',
  DATE: 'DATE',
  DATETIME: 'TIMESTAMP',
  TIME: 'TIME',
  BOOLEAN: 'BOOLEAN',
};

function told(type: string): ColumnType {
  if (type.endsWith('INT')) return 'LONG';
  if (/^(DOUBLE|FLOAT)/.test(type)) return 'DOUBLE';
  if (type.startsWith('DECIMAL')) return 'DECIMAL';
  if (type === 'DATE') return 'DATE';
  return type.startsWith('TIMESTAMP') ? 'DATETIME' : 'STRING';
}

/** A value as Domo puts it into JSON: numbers with all their digits, days and times as text. */
function jsonValue(value: DuckDBValue, type: ColumnType): string {
  if (value === null) return 'null';
  const text = String(value);
  if (type === 'LONG' || type === 'DOUBLE') return text;
  if (type === 'DECIMAL') return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
  return JSON.stringify(type === 'DATETIME' ? text.replace(' ', 'T') : text);
}

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;

async function load(connection: DuckDBConnection, dataset: StandInDataset, schema: string): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'writeback-domo-'));
  const file = join(dir, 'rows.csv');
  try {
    await pipeline(Readable.from(dataset.body(true)), createWriteStream(file));
    const columns = dataset.columns
      .map(({ name, type }) => `${literal(name)}: ${literal(stored[type])}`)
      .join(', ');
    const options = `auto_detect=false, header=true, delim=',', quote='"', escape='"', nullstr=['', '\\N'], allow_quoted_nulls=false, max_line_size=16777216`;
    await connection.run(`CREATE SCHEMA ${quoted(schema)}`);
    await connection.run(
      `CREATE TABLE ${quoted(schema)}.tbl AS SELECT * FROM read_csv(${literal(file)}, columns={${columns}}, ${options})`,
    );
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function* answerOf(result: DuckDBResult, datasource: string, fault: BodyFault | undefined) {
  const types = result.columnTypes().map((type) => told(String(type)));
  const metadata = types.map((type) => ({
    type,
    dataSourceId: datasource,
    maxLength: -1,
    minLength: -1,
    periodIndex: 0,
  }));
  const head = JSON.stringify({ datasource, columns: result.columnNames(), metadata });
  yield Buffer.from(`${head.slice(0, -1)},"rows":[`);
  let numRows = 0;
  for (;;) {
    const chunk = await result.fetchChunk();
    if (!chunk || chunk.rowCount === 0) break;
    const rows = chunk
      .getRows()
      .map((row) => `[${row.map((value, at) => jsonValue(value, types[at] ?? 'STRING')).join(',')}]`);
    if (fault === 'short') rows.pop();
    yield Buffer.from(`${numRows ? ',' : ''}${rows.join(',')}`);
    numRows += chunk.rowCount;
    if (fault === 'cut') throw new Error('cut on purpose');
    if (fault === 'half-row') return;
    if (fault === 'stall') await new Promise<never>(() => {});
  }
  yield Buffer.from(`],"numRows":${numRows},"numColumns":${types.length},"fromcache":false}`);
}

/** Reads `{"sql": "…"}`; Domo's documentation calls the table `table`, its editor `tbl`. */
function sqlOf(ask: Ask): string {
  const { sql } = JSON.parse(ask.body || '{}') as { sql?: unknown };
  if (typeof sql !== 'string') throw refuse(400, 'Bad Request', 'No SQL was given');
  if (!/^\s*\(?\s*select\b/i.test(sql)) throw refuse(400, 'Bad Request', 'Only SELECT is allowed');
  return sql.replaceAll(/\bfrom\s+table\b/gi, 'FROM tbl');
}

/** SQL over the stand-in's DataSets, by DuckDB. Rows are loaded at the first query and again when the DataSet has changed. */
export function createQueries(datasets: Datasets) {
  let instance: Promise<DuckDBInstance> | undefined;
  const schemas = new Map<string, Promise<void>>();

  async function loaded(connection: DuckDBConnection, dataset: StandInDataset): Promise<string> {
    const schema = `${dataset.id} ${dataset.updatedAt}`;
    if (!schemas.has(schema)) schemas.set(schema, load(connection, dataset, schema));
    await schemas.get(schema);
    return schema;
  }

  async function* closing(body: AsyncIterable<Uint8Array>, connection: DuckDBConnection) {
    try {
      yield* body;
    } finally {
      connection.closeSync();
    }
  }

  return {
    /** POST /v1/datasets/query/execute/{id}. */
    async execute(ask: Ask, identity: Identity, id: string, fault: BodyFault | undefined): Promise<Answer> {
      const dataset = datasets.find(id);
      if (dataset.deleted) throw notFound();
      if (!mayRead(identity, dataset)) throw infrastructureProblem();
      const sql = sqlOf(ask);
      instance ??= DuckDBInstance.create(':memory:', { threads: '1' });
      const connection = await (await instance).connect();
      try {
        await connection.run(`USE ${quoted(await loaded(connection, dataset))}`);
        const result = await connection.stream(sql);
        const headers = { 'content-type': 'application/json' };
        return { status: 200, headers, body: closing(answerOf(result, id, fault), connection) };
      } catch (error) {
        connection.closeSync();
        throw refuse(400, 'Bad Request', `Query failed: ${(error as Error).message.split('\n')[0] ?? ''}`);
      }
    },
    async stop() {
      (await instance)?.closeSync();
    },
  };
}
