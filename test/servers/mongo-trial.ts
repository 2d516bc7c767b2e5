import { deliver } from '../../src/connector/deliver.ts';
import type { Column } from '../../src/dataset/dataset.ts';
import type { Connector } from '../../src/connector/contract.ts';
import { mongodbConnector, mongodbConnectorOn } from '../../src/destination/mongodb/mongodb.ts';
import { createEgress } from '../../src/egress/egress.ts';
import { checkValues } from '../../src/field/check.ts';
import { createLog } from '../../src/log.ts';
import type { MongoServer } from './mongo-stand-in.ts';

/** Used unless told. */
export const columns: readonly Column[] = [
  { name: 'id', type: 'LONG' },
  { name: 'name', type: 'STRING' },
  { name: 'amount', type: 'DECIMAL' },
];

/** Both ways in which documents are sent: every suite must pass on both. */
export const ways: readonly { readonly title: string; readonly connector: Connector }[] = [
  { title: 'ready documents', connector: mongodbConnector },
  { title: 'documents as objects', connector: mongodbConnectorOn(() => undefined) },
];

/** What is written, and with what. */
export interface MongoCase {
  /** That on ready documents unless told. */
  readonly connector?: Connector;
  readonly credentials: Record<string, unknown>;
  readonly details?: Record<string, unknown>;
  readonly columns?: readonly Column[];
  readonly name?: string;
  readonly run?: string;
  readonly writeback?: string;
  readonly signal?: AbortSignal;
  /** The rows are these of the run's, and come again. */
  readonly rowNumbers?: readonly number[];
}

/** Everything that was logged. */
export const lines: string[] = [];

/** The checked values of both panes, and what a connection needs. */
export function work({
  connector = mongodbConnector,
  credentials,
  details = {},
  signal = new AbortController().signal,
}: MongoCase) {
  const pane = { collectionNameSource: 'customName', customCollectionName: 'sales', ...details };
  const values = {
    credentials: checkValues(connector.credentials, credentials, 'credentials'),
    details: checkValues(connector.details, pane, 'details'),
  };
  connector.check?.(values.credentials as never, values.details as never);
  return { ...values, signal, egress: createEgress(), log: createLog((line) => lines.push(line)) };
}

/** Delivers rows (CSV without header) as one run. */
export async function write(one: MongoCase, rows: string | AsyncIterable<Uint8Array>) {
  const used = one.columns ?? columns;
  const header = `${used.map(({ name }) => name).join(',')}\n`;
  async function* body() {
    yield Buffer.from(header);
    if (typeof rows === 'string') yield Buffer.from(rows);
    else yield* rows;
  }
  return deliver({
    ...work(one),
    connector: one.connector ?? mongodbConnector,
    opened: {
      dataset: { id: 'ds-1', name: one.name ?? 'My Sales', columns: used },
      body: body(),
      verify: async () => {},
    },
    rowNumbers: one.rowNumbers,
    run: { id: one.run ?? 'run-1', number: 1, startedAt: new Date('2024-05-06T07:08:09Z') },
    writeback: { id: one.writeback ?? 'wb-1', name: 'W', timeZone: 'UTC' },
  });
}

/** All steps of a connection test. */
export async function steps(one: MongoCase) {
  const seen = [];
  const { connector = mongodbConnector } = one;
  for await (const step of connector.testConnection(work(one) as never)) seen.push(step);
  return seen;
}

/** Three good rows. */
export const three = '1,Ann,1.50\n2,Bob,2\n3,Cy,\n';

/** Users of the stand-in. */
export const writer = { name: 'writer', password: 'p@ss/word:%' };
export const reader = { name: 'reader', password: 'reading only', role: 'read' as const };

/** Credentials for a stand-in. */
export function reach(server: MongoServer, user = writer): Record<string, unknown> {
  const { host, port: databasePort } = server;
  return { host, databasePort, username: user.name, password: user.password, databaseName: 'shop' };
}
