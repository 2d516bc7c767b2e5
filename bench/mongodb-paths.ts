import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Data } from './data.ts';
import { benchSecret } from './far/far.ts';
import { downloadUrl, fromFile, fromHttp, fromParquet, fromQuery, oursTo } from './ours.ts';
import { parquetOf } from './parquet-data.ts';
import type { Path, Rival } from './path.ts';
import type { Rig } from './rig.ts';
import { pipe } from './shell.ts';
import { toMongo } from './targets.ts';

const here = new URL('.', import.meta.url).pathname;
/** Where the install script puts it. */
export const mongoimport = join(
  process.env['WRITEBACK_TEST_BIN'] ?? join(homedir(), '.cache/writeback-test/bin'),
  'mongoimport',
);

/** The path that needs a Parquet file beside the rows. */
export const duckdbParquet = 'duckdb-parquet';

/** Where mongoimport writes to. */
interface Database {
  readonly uri: string;
  readonly database: string;
}

const sink = ({ mongo }: Rig): Database => ({
  uri: `mongodb://loader:${benchSecret}@127.0.0.1:${mongo.port}/?authSource=admin`,
  database: 'bench',
});

const script = (name: string, ...words: string[]) => ({
  command: process.execPath,
  words: [join(here, 'rivals', name), ...words],
});

const importWords = ({ uri, database }: Database, workers: number) =>
  `${mongoimport} --uri '${uri}' --db ${database} --collection rival --type csv --headerline -j ${workers} --quiet`;

/** mongoimport from a file; it makes other types of the same texts. */
export const importing = (database: Database, workers: number, onlyFull: boolean): Rival => ({
  name: `mongoimport -j ${workers}`,
  tools: [mongoimport],
  timed: ({ csv }) => pipe(`exec ${importWords(database, workers)} --file ${csv}`),
  other: true,
  onlyFull,
});

/** The least that a client can do: ready documents into a bare socket. */
const bare = ({ mongo }: Rig): Rival => ({
  name: 'limit: ready bytes, bare socket',
  tools: [],
  timed: ({ rows }) => script('bare-mongodb.ts', String(mongo.port), String(rows)),
  other: true,
  onlyFull: true,
});

function fromFilePath(rig: Rig): Path {
  const naive = (data: Data) => script('insert-many.ts', data.csv, sink(rig).uri);
  return {
    name: 'file-mongodb',
    title: 'file → MongoDB',
    rows: 'million',
    ours: oursTo(rig, 'file-mongodb', fromFile, toMongo(rig)),
    rivals: [
      { name: 'csv-parse + insertMany', tools: [], timed: naive },
      importing(sink(rig), 1, true),
      importing(sink(rig), 4, false),
      bare(rig),
    ],
    lines: [
      { kind: 'speed', beside: ['csv-parse + insertMany'], atLeast: 12, quick: 3 },
      { kind: 'speed', beside: ['mongoimport -j 1', 'mongoimport -j 4'], atLeast: 9, quick: 2 },
      { kind: 'rows/CPU s', atLeast: 800_000 },
      { kind: 'peak MB', atMost: 300 },
    ],
    arrived: rig.mongo.arrived,
    expects: 'documents',
    growth: true,
  };
}

function fromHttpPath(rig: Rig): Path {
  const piped = (data: Data) => pipe(`curl -sSf ${downloadUrl(rig, data)} | ${importWords(sink(rig), 4)}`);
  return {
    name: 'http-mongodb',
    title: 'HTTP → MongoDB',
    rows: 'million',
    ours: oursTo(rig, 'http-mongodb', fromHttp(rig), toMongo(rig)),
    rivals: [{ name: 'curl | mongoimport -j 4', tools: ['curl', mongoimport], timed: piped, other: true }],
    lines: [
      { kind: 'speed', beside: ['curl | mongoimport -j 4'], atLeast: 10, quick: 1.2 },
      { kind: 'peak MB', atMost: 300 },
    ],
    arrived: rig.mongo.arrived,
    expects: 'documents',
    growth: true,
  };
}

/** Both make BSON of all rows of a file; ours also sends it. */
function fromQueryPath(rig: Rig, format: 'CSV' | 'Parquet'): Path {
  const isCsv = format === 'CSV';
  const name = isCsv ? 'duckdb' : duckdbParquet;
  const getRows: Rival = {
    name: 'getRows + BSON.serialize, sent nowhere',
    tools: [],
    timed: (data) => script('duckdb-get-rows.ts', isCsv ? data.csv : parquetOf(data)),
    other: true,
  };
  return {
    name,
    title: `DuckDB query of ${format} → BSON`,
    rows: 'million',
    ours: oursTo(rig, name, isCsv ? fromQuery : fromParquet, toMongo(rig)),
    rivals: [getRows],
    lines: [{ kind: 'speed', beside: [getRows.name], atLeast: 5, quick: 1 }],
    arrived: rig.mongo.arrived,
    expects: 'count',
  };
}

/** Everything that ends in MongoDB's wire protocol. */
export const mongodbPaths = (rig: Rig): Path[] => [
  fromFilePath(rig),
  fromHttpPath(rig),
  fromQueryPath(rig, 'CSV'),
  fromQueryPath(rig, 'Parquet'),
];
