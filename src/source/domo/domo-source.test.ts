import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, test } from 'node:test';
import { columns, csv, read, rows, signal, startDomoRig } from '../../../test/servers/domo-rig.ts';

const { add, lines, log, many, open, source, stand } = await startDomoRig();
after(() => stand.stop());

test('a whole DataSet comes as the bytes that Domo sends, with its columns, owner and rows', async () => {
  const { id } = await add('Whole');
  const opened = await open(`https://acme.domo.com/datasources/${id}/details/overview`);
  assert.deepEqual(opened.dataset.columns, columns);
  assert.deepEqual(opened.dataset.owner, { id: String(stand.user.id), name: stand.user.name });
  assert.equal(opened.dataset.rows, 4);
  assert.equal(await read(opened), csv);
  await opened.verify(4);
  assert.equal(stand.requests.at(-1)?.headers['accept-encoding'], 'gzip');
});

test('an uncompressed export, and \\N for null, pass untouched', async () => {
  const plain = (await startDomoRig({ gzip: false })).stand;
  try {
    const { id } = await plain.addDataset({ name: 'Plain', columns, rows, nullText: '\\N' });
    const opened = await source(plain.account).open({ datasetId: id, signal });
    assert.match(await read(opened), /\n4,\\N,12345678901234.25,\\N\n$/);
  } finally {
    await plain.stop();
  }
});

test('120 DataSets are listed in pages of 50 until an empty one', async () => {
  const full = (await startDomoRig()).stand;
  try {
    for (let at = 0; at < 120; at++) await full.addDataset({ name: `Set ${1000 + at}`, columns, rows: [] });
    const names: string[] = [];
    for await (const { name } of source(full.account).list(signal)) names.push(name);
    assert.equal(new Set(names).size, 120);
    const pages = full.requests.filter(({ url }) => url.startsWith('/v1/datasets?'));
    assert.equal(pages.length, 4);
  } finally {
    await full.stop();
  }
});

test('what is not the ID of a DataSet is refused before anything is sent', async () => {
  const before = stand.requests.length;
  for (const datasetId of ['', 'sales', '../oauth', '845305d8-da3d-4107-a9d6']) {
    await assert.rejects(open(datasetId), {
      name: 'UserError',
      code: 'domo-dataset-id-invalid',
      field: 'datasetId',
    });
  }
  assert.equal(stand.requests.length, before);
});

test('one token serves many requests, and is renewed before its end', async () => {
  const { id } = await add('Token');
  const one = source();
  const before = stand.requests.length;
  await one.describe(id, signal);
  await one.describe(id, signal);
  const asked = stand.requests.slice(before).map(({ url }) => url.split('?')[0]);
  assert.deepEqual(asked, ['/oauth/token', `/v1/datasets/${id}`, `/v1/datasets/${id}`]);
  const brief = (await startDomoRig({ tokenLifetime: 30 })).stand;
  try {
    const other = await brief.addDataset({ name: 'Brief', columns, rows });
    const again = source(brief.account);
    await again.describe(other.id, signal);
    await again.describe(other.id, signal);
    assert.equal(brief.requests.filter(({ url }) => url.startsWith('/oauth')).length, 2);
  } finally {
    await brief.stop();
  }
});

test('a token that Domo no longer takes is renewed once: on 401, and on 406 where CSV was asked', async () => {
  const { id } = await add('Renewed');
  for (const operation of ['describe', 'export', 'query'] as const) {
    const before = stand.requests.length;
    stand.faults.next(operation, 'revoke');
    const opened = await open(id, operation === 'query' ? { query: 'select * from tbl order by id' } : {});
    assert.equal((await read(opened)).length, csv.length);
    const statuses = stand.requests.slice(before).map(({ status }) => status);
    assert.equal(statuses.filter((status) => status === (operation === 'export' ? 406 : 401)).length, 1);
  }
});

test('only the owner, a co-owner and an Admin may open a DataSet', async () => {
  const client = (id: number, role: 'Admin' | 'Privileged') => {
    stand.addUser({ id, name: `User ${id}`, role });
    stand.addClient({ clientId: `client-${id}`, clientSecret: `secret-of-${id}`, userId: id });
    return source({ clientId: `client-${id}`, clientSecret: `secret-of-${id}` });
  };
  const { id } = await stand.addDataset({ name: 'Owned', columns, rows, coOwners: [11], readers: [12] });
  assert.equal(await read(await client(10, 'Admin').open({ datasetId: id, signal })), csv);
  assert.equal(await read(await client(11, 'Privileged').open({ datasetId: id, signal })), csv);
  await assert.rejects(client(12, 'Privileged').open({ datasetId: id, signal }), {
    name: 'UserError',
    code: 'domo-not-owner',
    message: /must own or co-own the input DataSet.*Olivia Owner/,
  });
  await assert.rejects(client(13, 'Privileged').open({ datasetId: id, signal }), {
    code: 'domo-access-denied',
  });
});

test('an export that is aborted, or left early, closes its socket', async () => {
  const { id } = await many('Aborted', 3_000_000);
  for (const way of ['abort', 'leave'] as const) {
    const abort = new AbortController();
    const before = new Set(stand.sockets);
    const opened = await open(id, { signal: abort.signal });
    const pull = async () => {
      for await (const _ of opened.body) {
        if (way === 'leave') break;
        abort.abort(new Error('enough'));
      }
    };
    if (way === 'leave') await pull();
    else await assert.rejects(pull(), { message: 'enough' });
    const started = Date.now();
    while ([...stand.sockets].some((socket) => !before.has(socket) && socket.bytesWritten > 100_000)) {
      assert.ok(Date.now() - started < 1000, 'the socket is still open');
      await new Promise((done) => setTimeout(done, 10));
    }
  }
});

test('an export that nobody has begun to pull ends with its source', async () => {
  const { id } = await many('Unpulled', 3_000_000);
  const before = new Set(stand.sockets);
  const left = source();
  await left.open({ datasetId: id, signal });
  await left.close();
  const started = Date.now();
  while ([...stand.sockets].some((socket) => !before.has(socket))) {
    assert.ok(Date.now() - started < 5000, 'the socket is still open');
    await new Promise((done) => setTimeout(done, 10));
  }
});

test('an export flows through the same few blocks, zipped or not, and a reader who waits is waited for', async () => {
  for (const gzip of [false, true]) {
    const rig = await startDomoRig({ gzip });
    try {
      const { id } = await rig.many('Blocks', 300_000);
      const opened = await rig.open(id);
      const hash = createHash('sha256');
      const buffers = new Set<ArrayBufferLike>();
      let [bytes, chunks] = [0, 0];
      for await (const chunk of opened.body) {
        if (chunks === 1) await new Promise((resume) => setTimeout(resume, 300));
        buffers.add(chunk.buffer);
        hash.update(chunk);
        bytes += chunk.length;
        chunks += 1;
      }
      const whole =
        'id,name,amount,made\n' +
        Array.from({ length: 300_000 }, (_, at) => `${at},name ${at},1.5,\n`).join('');
      assert.equal(bytes, whole.length);
      assert.equal(hash.digest('hex'), createHash('sha256').update(whole).digest('hex'));
      if (!gzip) assert.ok(buffers.size <= 4 && chunks > 5, `${chunks} chunks in ${buffers.size} blocks`);
    } finally {
      await rig.stand.stop();
    }
  }
});

test('an abort while the answer is awaited ends the wait at once', async () => {
  const { id } = await add('Silent');
  const abort = new AbortController();
  stand.faults.next('export', 'stall');
  setTimeout(() => abort.abort(new Error('enough')), 50);
  const started = Date.now();
  const read = async () => {
    for await (const _ of (await open(id, { signal: abort.signal })).body) continue;
  };
  await assert.rejects(read(), { message: 'enough' });
  assert.ok(Date.now() - started < 450);
});

test('200,000 rows stream with flat memory', async () => {
  const wide = [...columns, { name: 'text', type: 'STRING' } as const];
  const text = 'x'.repeat(300);
  const row = (at: number) => [`${at}`, `name ${at}`, '1.5', null, text + at];
  const { id } = await stand.addDataset({ name: 'Big', columns: wide, generate: { count: 200_000, row } });
  const opened = await open(id);
  let [bytes, most] = [0, 0];
  const base = process.memoryUsage().rss;
  for await (const chunk of opened.body) {
    bytes += chunk.length;
    most = Math.max(most, process.memoryUsage().rss - base);
  }
  assert.ok(bytes > 60_000_000);
  // The server that makes the rows lives in the same process.
  assert.ok(most < 120_000_000, `${Math.round(most / 1e6)} MB more`);
});

test('no secret, token or Basic header is in any log line', async () => {
  const { id } = await add('Quiet');
  const one = source();
  await one.describe(id, signal);
  const token = String(stand.requests.at(-1)?.headers['authorization']).replace('bearer ', '');
  const basic = Buffer.from(`${stand.account.clientId}:${stand.account.clientSecret}`).toString('base64');
  log.info('what a careless caller writes', { token, basic, secret: stand.account.clientSecret });
  const line = lines.at(-1) ?? '';
  for (const secret of [token, basic, stand.account.clientSecret]) assert.ok(!line.includes(secret));
  assert.equal(line.match(/\*\*\*/g)?.length, 3);
});
