import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { columns, countRows, read, rows, signal, startDomoRig } from '../../../test/servers/domo-rig.ts';

const { add, many, open, source, stand } = await startDomoRig();
after(() => stand.stop());

test('a token that is refused again and again ends as missing access, not in a loop', async () => {
  const { id } = await add('Refused');
  const before = stand.requests.length;
  stand.faults.next('describe', 'revoke', 2);
  await assert.rejects(open(id), { name: 'UserError', code: 'domo-access-denied' });
  assert.equal(stand.requests.length - before, 4);
});

test('a wrong secret, an unknown DataSet, a deleted one and a wrong address are each told', async () => {
  const { id } = await add('Told');
  const wrong = source({ clientSecret: 'not-the-secret' });
  await assert.rejects(wrong.describe(id, signal), {
    name: 'UserError',
    code: 'domo-login-refused',
    field: 'clientSecret',
  });
  const unknown = '00000000-0000-4000-8000-000000000000';
  await assert.rejects(open(unknown), {
    name: 'UserError',
    code: 'domo-dataset-not-found',
    field: 'datasetId',
  });
  const gone = await add('Gone');
  gone.deleted = true;
  await assert.rejects(open(gone.id), { name: 'UserError', code: 'domo-dataset-deleted', message: /Gone/ });
  assert.throws(() => source({ baseUrl: 'api.domo.com' }), {
    code: 'domo-base-url-invalid',
    field: 'baseUrl',
  });
  const dead = source({ baseUrl: 'http://127.0.0.1:1' });
  await assert.rejects(dead.describe(id, signal), { name: 'TemporaryError', code: 'connection-refused' });
});

test('a client without the scope data is told which scopes it needs', async () => {
  stand.addClient({
    clientId: 'user-only',
    clientSecret: 'user-only-secret',
    userId: stand.user.id,
    scope: 'user',
  });
  const poor = source({ clientId: 'user-only', clientSecret: 'user-only-secret' });
  const { id } = await add('Scope');
  await assert.rejects(poor.describe(id, signal), { name: 'UserError', code: 'domo-scope-missing' });
});

test('an export with rows missing is no success, though it ends cleanly', async () => {
  const { id } = await many('Short', 1000);
  stand.faults.next('export', 'short');
  const opened = await open(id);
  const count = countRows(await read(opened));
  assert.equal(count, 900);
  const told = {
    name: 'TemporaryError',
    code: 'domo-short-export',
    message: /1000 rows before and 1000 after.*900 came/,
  };
  await assert.rejects(opened.verify(count), told);
});

test('a DataSet that changes while it is exported may match either count', async () => {
  const { id } = await many('Changing', 100);
  stand.faults.next('export', 'change');
  const opened = await open(id);
  assert.equal(countRows(await read(opened)), 101);
  await opened.verify(101);
  await opened.verify(100);
  await assert.rejects(opened.verify(99), { code: 'domo-short-export', message: /changed meanwhile/ });
});

test('a body that breaks off is an error while it is read', async () => {
  const { id } = await many('Cut', 20_000);
  for (const gzip of [true, false]) {
    const other = gzip ? stand : (await startDomoRig({ gzip })).stand;
    const target = gzip ? id : (await other.addDataset({ name: 'Cut', id, columns, rows })).id;
    other.faults.next('export', 'cut');
    const opened = await source(other.account).open({ datasetId: target, signal });
    await assert.rejects(read(opened), { name: 'TemporaryError', code: 'domo-export-cut' });
    if (!gzip) await other.stop();
  }
});

test('an export that falls silent is given up after the idle time', async () => {
  const { id } = await many('Stalled', 100);
  stand.faults.next('export', 'stall');
  const opened = await open(id);
  await assert.rejects(read(opened), { name: 'TemporaryError', code: 'domo-stalled' });
});

test('maintenance pages, limits, faults of Domo and hidden refusals are told truthfully', async () => {
  const { id } = await add('Faults');
  const expected = {
    'maintenance-200': { name: 'TemporaryError', code: 'domo-maintenance' },
    'maintenance-503': { name: 'TemporaryError', code: 'domo-maintenance' },
    infrastructure: {
      name: 'UserError',
      code: 'domo-access-denied',
      message: /no access.*missing permission/,
    },
    'rate-limit': { name: 'TemporaryError', code: 'domo-rate-limit', retryAfter: 7 },
    error: { name: 'TemporaryError', code: 'domo-unavailable', message: /STAND-IN/ },
  } as const;
  for (const operation of ['token', 'describe', 'export', 'query'] as const) {
    for (const [kind, told] of Object.entries(expected)) {
      if (operation === 'token' && kind === 'infrastructure') continue;
      stand.faults.next(operation, kind as keyof typeof expected);
      const query = operation === 'query' ? { query: 'select * from tbl' } : {};
      await assert.rejects(open(id, query), told, `${operation} ${kind}`);
    }
  }
});
