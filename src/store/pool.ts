import { CamelCasePlugin, Kysely, PostgresDialect } from 'kysely';
import { type ClientBase, Pool, type PoolConfig, types } from 'pg';
import type { Log } from '../log.ts';
import { type Database, type Db, schemaName } from './database.ts';

/** 64-bit integers as numbers: counts of rows and bytes stay far below 2^53. Everything else as `pg` reads it. */
const parsers: typeof types = {
  ...types,
  getTypeParser: ((id: Parameters<typeof types.getTypeParser>[0], format: 'text') =>
    id === types.builtins.INT8 ? Number : types.getTypeParser(id, format)) as typeof types.getTypeParser,
};

/** Connections per process: the queue has its own besides. */
const connections = 10;

/**
 * What every connection is told before it is used, the queue's too: a process that is stopped in the midst of a transaction would
 * otherwise keep its locks until it wakes, and everybody waits for them. By a statement, because poolers of connections refuse
 * settings that they do not know. The pool waits for the promise.
 */
export const onConnect: (client: ClientBase) => unknown = (client) =>
  client.query(`set idle_in_transaction_session_timeout = '10s'`);

/** A pool that survives a server that goes away: the connections that broke are told in the log, and replaced when needed. */
export function createPool(connection: PoolConfig, log: Log): Pool {
  const pool = new Pool({
    ...connection,
    types: parsers,
    max: connections,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    onConnect,
    application_name: 'writeback',
  });
  // A connection that is lent out has no listener of the pool's; its user learns of the loss from the query.
  pool.on('connect', (client) => client.on('error', () => {}));
  pool.on('error', (error) => log.warn('A connection to the database broke.', { error: error.message }));
  return pool;
}

/** Typed queries over a pool. Every name is qualified with the schema: a `search_path` would be lost behind a pooler of connections. */
export function kyselyOver(pool: Pool): Db {
  const plugins = [new CamelCasePlugin({ maintainNestedObjectKeys: true })];
  return new Kysely<Database>({ dialect: new PostgresDialect({ pool }), plugins }).withSchema(schemaName);
}
