import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startMongoJavaServer } from '../../../test/servers/mongo-java-server.ts';
import { type MongoServer, startMongo } from '../../../test/servers/mongo-stand-in.ts';
import { type TestTls, makeTls } from '../../../test/servers/tls.ts';
import { deliver } from '../../connector/deliver.ts';
import type { Column } from '../../dataset/dataset.ts';
import { createEgress } from '../../egress/egress.ts';
import { TemporaryError, UserError } from '../../errors.ts';
import { checkValues } from '../../field/check.ts';
import { createLog } from '../../log.ts';
import { mongodbConnector } from './mongodb.ts';

const columns: readonly Column[] = [
  { name: 'id', type: 'LONG' },
  { name: 'name', type: 'STRING' },
  { name: 'amount', type: 'DECIMAL' },
];

interface Case {
  readonly credentials: Record<string, unknown>;
  readonly details?: Record<string, unknown>;
  readonly columns?: readonly Column[];
  readonly name?: string;
  readonly run?: string;
  readonly writeback?: string;
  readonly signal?: AbortSignal;
}

const lines: string[] = [];

function work({ credentials, details = {}, signal = new AbortController().signal }: Case) {
  const pane = { collectionNameSource: 'customName', customCollectionName: 'sales', ...details };
  const values = {
    credentials: checkValues(mongodbConnector.credentials, credentials, 'credentials'),
    details: checkValues(mongodbConnector.details, pane, 'details'),
  };
  mongodbConnector.check?.(values.credentials as never, values.details as never);
  return { ...values, signal, egress: createEgress(), log: createLog((line) => lines.push(line)) };
}

async function write(one: Case, rows: string | AsyncIterable<Uint8Array>) {
  const used = one.columns ?? columns;
  const header = `${used.map(({ name }) => name).join(',')}\n`;
  async function* body() {
    yield Buffer.from(header);
    if (typeof rows === 'string') yield Buffer.from(rows);
    else yield* rows;
  }
  return deliver({
    ...work(one),
    connector: mongodbConnector,
    opened: {
      dataset: { id: 'ds-1', name: one.name ?? 'My Sales', columns: used },
      body: body(),
      verify: async () => {},
    },
    run: { id: one.run ?? 'run-1', number: 1, startedAt: new Date('2024-05-06T07:08:09Z') },
    writeback: { id: one.writeback ?? 'wb-1', name: 'W', timeZone: 'UTC' },
  });
}

async function steps(one: Case) {
  const seen = [];
  for await (const step of mongodbConnector.testConnection(work(one) as never)) seen.push(step);
  return seen;
}

const three = '1,Ann,1.50\n2,Bob,2\n3,Cy,\n';

/** The suite that every server must pass; `credentials` reach it, each test has a database of its own. */
function suite(
  title: string,
  open: () => Promise<{ credentials: Record<string, unknown>; close(): Promise<void> } | undefined>,
) {
  describe(`mongodb on ${title}`, () => {
    let server: Awaited<ReturnType<typeof open>>;
    let databases = 0;
    before(async () => {
      server = await open();
    });
    after(() => server?.close());

    async function place() {
      const { MongoClient } = await import('mongodb');
      databases += 1;
      const databaseName = `t${process.pid}_${databases}`;
      const credentials = { ...server!.credentials, databaseName };
      const { host, databasePort, username, password } = credentials as Record<string, string>;
      const auth = username ? { auth: { username, password: password! }, authSource: 'admin' } : {};
      const client = await MongoClient.connect(
        (server!.credentials['connectionString'] as string) ?? `mongodb://${host}:${databasePort}`,
        auth,
      );
      const db = client.db(databaseName);
      const all = async (name = 'sales') =>
        db
          .collection(name)
          .find({}, { sort: { id: 1 } })
          .toArray();
      const ids = async () => (await all()).map(({ id }) => id as number);
      const close = async () => {
        await db.dropDatabase();
        await client.close();
      };
      return { credentials, db, all, ids, [Symbol.asyncDispose]: close };
    }

    test('rows become typed documents, and replace what was there', async () => {
      await using here = await place();
      await here.db.collection('sales').insertOne({ old: true });
      const receipt = await write({ credentials: here.credentials }, three);
      assert.deepEqual([receipt.rowsRead, receipt.rowsWritten, receipt.rowsRejected], [3, 3, 0]);
      assert.match(receipt.location[0]!, /\/t\d+_\d+\.sales$/);
      const [first, , third] = await here.all();
      assert.deepEqual([first!['id'], first!['name'], String(first!['amount'])], [1, 'Ann', '1.50']);
      assert.equal(third!['amount'], null);
      assert.deepEqual(await here.ids(), [1, 2, 3]);
    });

    test('replace carries indexes over, and a unique one still rejects', async () => {
      await using here = await place();
      await here.db.createCollection('sales');
      await here.db.collection('sales').createIndex({ name: 1 }, { name: 'by_name', unique: true });
      const again = await write(
        { credentials: here.credentials, details: { rejectedRowsLimit: 1 } },
        `${three}4,Ann,7\n`,
      );
      assert.deepEqual([again.rowsWritten, again.rowsRejected, again.rejected[0]?.row], [3, 1, 4]);
      assert.match(again.rejected[0]!.reason, /duplicate key/i);
      const indexes = await here.db.collection('sales').indexes();
      assert.ok(indexes.some(({ name, unique }) => name === 'by_name' && unique));
    });

    test('append adds each run once, however often it is tried', async () => {
      await using here = await place();
      const one = { credentials: here.credentials, details: { writeMode: 'append' } };
      await write(one, three);
      const replay = await write(one, three);
      assert.equal(replay.rowsWritten, 3);
      assert.deepEqual(await here.ids(), [1, 2, 3]);
      await write({ ...one, run: 'run-2' }, '4,Di,4\n');
      assert.deepEqual(await here.ids(), [1, 2, 3, 4]);
    });

    test('an append whose second try has fewer rows leaves only those', async () => {
      await using here = await place();
      const one = { credentials: here.credentials, details: { writeMode: 'append' } };
      await write(one, three);
      await write(one, '1,Ann,1.50\n');
      assert.deepEqual(await here.ids(), [1]);
    });

    test('upsert writes by key, the last row of a key wins, foreign fields stay', async () => {
      await using here = await place();
      const one = { credentials: here.credentials, details: { writeMode: 'upsert', keyColumns: 'id' } };
      await write(one, three);
      await here.db.collection('sales').updateOne({ name: 'Bob' }, { $set: { note: 'kept' } });
      const receipt = await write({ ...one, run: 'run-2' }, '2,Bea,1\n9,Zed,1\n2,Ben,2\n');
      assert.equal(receipt.rowsWritten, 3);
      assert.match(receipt.warnings[0] ?? '', /same key/);
      const found = (await here.all()).map(({ id, name, note }) => [id, name, note as unknown]);
      assert.deepEqual(found, [
        [1, 'Ann', undefined],
        [2, 'Ben', 'kept'],
        [3, 'Cy', undefined],
        [9, 'Zed', undefined],
      ]);
    });

    test('rows without a key are rejected', async () => {
      await using here = await place();
      const details = { writeMode: 'upsert', keyColumns: 'id', rejectedRowsLimit: 1 };
      const receipt = await write({ credentials: here.credentials, details }, '1,Ann,1\n,Bob,2\n');
      assert.deepEqual(
        [receipt.rowsWritten, receipt.rejected[0]?.row, receipt.rejected[0]?.column],
        [1, 2, 'id'],
      );
      assert.deepEqual(await here.ids(), [1]);
    });

    test('duplicates in the collection forbid the key, and are told', async () => {
      await using here = await place();
      await here.db.collection('sales').insertMany([{ id: 1 }, { id: 1 }]);
      const details = { writeMode: 'upsert', keyColumns: 'id' };
      await assert.rejects(write({ credentials: here.credentials, details }, three), {
        name: 'UserError',
        code: 'mongodb-key-not-unique',
        field: 'keyColumns',
      });
      assert.equal((await here.all()).length, 2);
    });

    test('mirror deletes what this writeback wrote before and is gone, and nothing else', async () => {
      await using here = await place();
      await here.db.collection('sales').insertOne({ id: 100, name: 'foreign' });
      const one = { credentials: here.credentials, details: { writeMode: 'mirror', keyColumns: 'id' } };
      await write(one, three);
      await write({ ...one, run: 'run-2' }, '2,Bob,2\n4,Di,4\n');
      assert.deepEqual(await here.ids(), [2, 4, 100]);
      await write({ ...one, run: 'run-2' }, '2,Bob,2\n4,Di,4\n');
      assert.deepEqual(await here.ids(), [2, 4, 100]);
      await write({ ...one, run: 'run-3' }, '');
      assert.deepEqual(await here.ids(), [100]);
    });

    test('an abort midway leaves target and database as they were; the same run again is whole', async () => {
      await using here = await place();
      await write({ credentials: here.credentials }, three);
      const controller = new AbortController();
      async function* endless() {
        for (let id = 10; ; id += 1) {
          yield Buffer.from(`${id},${'x'.repeat(50_000)},1\n`);
          if (id === 400) controller.abort(new Error('stop'));
          await sleep(0);
        }
      }
      const one = { credentials: here.credentials, run: 'run-2' };
      await assert.rejects(write({ ...one, signal: controller.signal }, endless()), { message: 'stop' });
      assert.deepEqual(await here.ids(), [1, 2, 3]);
      await write(one, '7,Hal,1\n');
      assert.deepEqual(await here.ids(), [7]);
      assert.deepEqual(
        (await here.db.listCollections().toArray()).map(({ name }) => name),
        ['sales'],
      );
    });

    test('the connection test passes and leaves nothing', async () => {
      await using here = await place();
      const seen = await steps({ credentials: here.credentials });
      assert.deepEqual(
        seen.map(({ name, ok }) => [name, ok]),
        [
          ['connect', true],
          ['sign in', true],
          ['permission', true],
          ['write probe', true],
        ],
      );
      assert.deepEqual(await here.db.listCollections().toArray(), []);
    });
  });
}

const writer = { name: 'writer', password: 'p@ss/word:%' };
const reader = { name: 'reader', password: 'reading only', role: 'read' as const };

function reach(server: MongoServer, user = writer): Record<string, unknown> {
  const { host, port: databasePort } = server;
  return { host, databasePort, username: user.name, password: user.password, databaseName: 'shop' };
}

suite('the stand-in', async () => {
  const server = await startMongo({ users: [writer] });
  return { credentials: reach(server), close: () => server.stop() };
});

const java = await startMongoJavaServer();
if (java) {
  after(() => java.stop());
  suite('mongo-java-server', async () => ({
    credentials: { host: java.host, databasePort: java.port },
    close: async () => {},
  }));
} else {
  console.error('MISSING real server: mongo-java-server (test/servers/install/mongo-java-server.sh)');
  test('mongo-java-server is there', () => assert.ok(!process.env['CI']));
}
const other = process.env['MONGODB_TEST_URI'];
if (other)
  suite('MONGODB_TEST_URI', async () => ({
    credentials: { connectionString: other },
    close: async () => {},
  }));

describe('mongodb, strictly', () => {
  let server: MongoServer;
  before(async () => {
    server = await startMongo({ users: [writer, reader] });
  });
  after(() => server.stop());

  test('ready documents go as one sequence; a replayed append is told by its ids', async () => {
    server.clear();
    const from = server.commands.length;
    await write({ credentials: reach(server), details: { writeMode: 'append' } }, three);
    const sent = server.commands.slice(from).filter((name) => name === 'insert');
    assert.equal(sent.length, 1);
    assert.ok(!lines.some((line) => line.includes('does not take ready documents')));
  });

  test('a wrong password, and a user who may only read, are told apart', async () => {
    const wrong = { ...reach(server), password: 'nonsense' };
    await assert.rejects(write({ credentials: wrong }, three), {
      name: 'UserError',
      code: 'mongodb-login-refused',
      field: 'password',
    });
    await assert.rejects(write({ credentials: reach(server, reader) }, three), {
      name: 'UserError',
      code: 'mongodb-not-authorised',
    });
    const seen = await steps({ credentials: reach(server, reader) });
    assert.deepEqual(
      seen.map(({ name, ok }) => [name, ok]),
      [
        ['connect', true],
        ['sign in', true],
        ['permission', false],
      ],
    );
    assert.match(seen.at(-1)!.remedy!, /readWrite/);
  });

  test('validators are carried over, and refuse rows singly', async () => {
    server.clear();
    const options = { validator: { $jsonSchema: { required: ['name'] } }, validationAction: 'error' };
    const { MongoClient } = await import('mongodb');
    const client = await MongoClient.connect(server.uri, {
      auth: { username: writer.name, password: writer.password },
    });
    await client.db('shop').createCollection('sales', options);
    await client.close();
    const details = { nullValues: 'omit', rejectedRowsLimit: 1 };
    const receipt = await write({ credentials: reach(server), details }, '1,Ann,1\n2,,2\n');
    assert.deepEqual([receipt.rowsWritten, receipt.rejected[0]?.row], [1, 2]);
    assert.deepEqual(server.collection('shop', 'sales')!.options['validator'], options.validator);
  });

  test('names that MongoDB refuses are refused with the rule', async () => {
    for (const name of ['a$b', 'system.users', '', 'x'.repeat(252)]) {
      const one = { credentials: reach(server), details: { collectionNameSource: 'datasetName' }, name };
      await assert.rejects(write(one, three), {
        name: 'UserError',
        code: 'mongodb-collection-name-not-allowed',
      });
    }
  });

  test('the name is the DataSet’s id, its name, or a template', async () => {
    server.clear();
    for (const details of [
      { collectionNameSource: 'datasetId' },
      { collectionNameSource: 'datasetName' },
      { customCollectionName: 'sales_{yyyy}{MM}' },
    ]) {
      await write({ credentials: reach(server), details }, three);
    }
    assert.deepEqual(server.collections('shop').toSorted(), ['My Sales', 'ds-1', 'sales_202405']);
  });

  test('a connection that drops midway is a TemporaryError, the target stays, the next attempt mends', async () => {
    server.clear();
    await write({ credentials: reach(server) }, three);
    for (const drop of ['before', 'after'] as const) {
      server.fault({ command: 'insert', drop });
      const one = { credentials: reach(server), run: `run-${drop}` };
      await assert.rejects(
        write(one, '8,Eve,1\n'),
        (error) => error instanceof TemporaryError && error.code === 'mongodb-host-unreachable',
      );
      assert.equal(server.documents('shop', 'sales')!.length, 3);
    }
    server.fault({ command: 'renameCollection', skip: 1, drop: 'after' });
    await assert.rejects(write({ credentials: reach(server), run: 'lost' }, '8,Eve,1\n'), TemporaryError);
    await write({ credentials: reach(server), run: 'lost' }, '8,Eve,1\n');
    assert.equal(server.documents('shop', 'sales')!.length, 1);
    assert.deepEqual(server.collections('shop'), ['sales']);
  });

  test('an append whose answer was lost does not write twice', async () => {
    server.clear();
    const one = { credentials: reach(server), details: { writeMode: 'append' } };
    server.fault({ command: 'insert', drop: 'after' });
    server.fault({ command: 'delete', drop: 'before', times: 5 });
    await assert.rejects(write(one, three), TemporaryError);
    await assert.rejects(write(one, three), TemporaryError);
    const receipt = await write(one, three).catch(() => write(one, three));
    assert.equal(receipt.rowsWritten, 3);
    assert.equal(server.documents('shop', 'sales')!.length, 3);
  });

  test('a full disk and a server that is not primary are told, and nothing is published', async () => {
    server.clear();
    const refusals = [
      { code: 14_031, codeName: 'OutOfDiskSpace', told: 'mongodb-disk-full' },
      { code: 10_107, codeName: 'NotWritablePrimary', told: 'mongodb-not-primary' },
    ];
    for (const { told, ...error } of refusals) {
      server.fault({ command: 'insert', error: { ...error, message: 'no' } });
      await assert.rejects(write({ credentials: reach(server) }, three), {
        name: 'TemporaryError',
        code: told,
      });
    }
    assert.deepEqual(server.collections('shop'), []);
  });

  test('a document over 16 MB is a rejected row', async () => {
    server.clear();
    const big = `1,${'x'.repeat(17_000_000)},1\n2,Bob,2\n`;
    const receipt = await write({ credentials: reach(server), details: { rejectedRowsLimit: 1 } }, big);
    assert.deepEqual([receipt.rowsWritten, receipt.rejected[0]?.row], [1, 1]);
    assert.match(receipt.rejected[0]!.reason, /16 MB/);
  });

  test('dots and dollar signs in column names: kept, or replaced; Upsert replaces them', async () => {
    server.clear();
    const odd: Column[] = [
      { name: '$no', type: 'LONG' },
      { name: 'a.b', type: 'STRING' },
    ];
    const one = { credentials: reach(server), columns: odd };
    await write(one, '1,x\n');
    assert.deepEqual(Object.keys(server.documents('shop', 'sales')![0]!), ['_id', '$no', 'a.b']);
    await write(
      { ...one, details: { writeMode: 'upsert', keyColumns: '$no', customCollectionName: 'other' } },
      '1,x\n',
    );
    assert.deepEqual(Object.keys(server.documents('shop', 'other')![0]!), ['_id', '_no', 'a_b']);
  });

  test('a DataSet’s own _id is kept, and its duplicates are rejected', async () => {
    server.clear();
    const own: Column[] = [
      { name: '_id', type: 'LONG' },
      { name: 'name', type: 'STRING' },
    ];
    const one = { credentials: reach(server), columns: own, details: { rejectedRowsLimit: 1 } };
    const receipt = await write(one, '1,Ann\n1,Ann\n2,Bob\n');
    assert.deepEqual([receipt.rowsWritten, receipt.rejected[0]?.row], [2, 2]);
    assert.deepEqual(
      server.documents('shop', 'sales')!.map(({ _id }) => String(_id)),
      ['1', '2'],
    );
  });

  test('where collections cannot be renamed, rows are replaced in place, and that is said', async () => {
    const weak = await startMongo({ users: [writer], without: ['renameCollection'] });
    try {
      const one = { credentials: reach(weak) };
      await write({ ...one, run: 'run-1' }, three);
      for (let attempt = 0; attempt < 2; attempt += 1) {
        const { warnings, rowsWritten } = await write({ ...one, run: 'run-2' }, '5,Flo,1\n6,Gil,1\n');
        assert.match(warnings[0]!, /cannot rename/);
        assert.equal(rowsWritten, 2);
      }
      assert.deepEqual(
        weak.documents('shop', 'sales')!.map(({ id }) => String(id)),
        ['5', '6'],
      );
      assert.deepEqual(weak.collections('shop'), ['sales']);
    } finally {
      await weak.stop();
    }
  });

  test('wrong fields are refused before anything is sent', () => {
    const good = reach(server);
    const refused: [object, string][] = [
      [{ ...good, host: '' }, 'mongodb-host-missing'],
      [{ ...good, host: 'a/b?c' }, 'mongodb-host-malformed'],
      [{ ...good, password: undefined }, 'mongodb-password-missing'],
      [{ ...good, databaseName: 'a b' }, 'mongodb-database-name-not-allowed'],
      [{ databaseName: 'shop', connectionString: 'http://x' }, 'mongodb-connection-string-malformed'],
      [
        { databaseName: 'shop', connectionString: 'mongodb://x/?tlsInsecure=true' },
        'mongodb-connection-string-malformed',
      ],
    ];
    for (const [credentials, code] of refused) {
      assert.throws(() => work({ credentials: credentials as Record<string, unknown> }), {
        name: 'UserError',
        code,
      });
    }
  });

  test('a connection string reaches the server, and its password is hidden', async () => {
    server.clear();
    const connectionString = `mongodb://writer:${encodeURIComponent(writer.password)}@127.0.0.1:${server.port}/?authSource=admin`;
    const receipt = await write({ credentials: { connectionString, databaseName: 'shop' } }, three);
    assert.equal(receipt.location[0], `mongodb://127.0.0.1:${server.port}/shop.sales`);
    assert.equal(server.documents('shop', 'sales')!.length, 3);
  });
});

describe('mongodb over TLS', () => {
  let tls: TestTls;
  let foreign: TestTls;
  let server: MongoServer;
  before(async () => {
    [tls, foreign] = await Promise.all([makeTls(), makeTls()]);
    server = await startMongo({ users: [writer], tls });
  });
  after(async () => {
    await server.stop();
    await Promise.all([tls.stop(), foreign.stop()]);
  });

  test('with the CA’s text rows arrive, also when it was pasted in one line', async () => {
    for (const certificate of [tls.ca, tls.ca.replaceAll('\n', ' ')]) {
      const credentials = { ...reach(server), certificateFormat: 'text', certificate };
      assert.equal((await write({ credentials }, three)).rowsWritten, 3);
      const seen = await steps({ credentials });
      assert.deepEqual(seen.map(({ name, ok }) => [name, ok])[1], ['certificate', true]);
    }
  });

  test('another CA, or none, is refused', async () => {
    const wrong = { ...reach(server), certificateFormat: 'text', certificate: foreign.ca };
    for (const credentials of [wrong, { ...reach(server), tls: true }]) {
      await assert.rejects(write({ credentials }, three), {
        name: 'UserError',
        code: 'mongodb-certificate-refused',
      });
    }
    const seen = await steps({ credentials: wrong });
    assert.deepEqual(
      seen.map(({ name, ok }) => [name, ok]),
      [
        ['connect', true],
        ['certificate', false],
      ],
    );
  });

  test('text that is no certificate is refused', async () => {
    const credentials = { ...reach(server), certificateFormat: 'text', certificate: 'hello' };
    const error = await write({ credentials }, three).catch((caught: unknown) => caught);
    assert.ok(error instanceof UserError);
    assert.equal(error.code, 'mongodb-certificate-unreadable');
  });
});
