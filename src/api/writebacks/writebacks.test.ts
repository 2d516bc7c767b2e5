import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { apiParts } from '../../../test/servers/api-parts.ts';
import { apiRig } from '../../../test/servers/api-rig.ts';
import { startDomo } from '../../../test/servers/domo-stand-in.ts';
import { openBothStores } from '../../../test/servers/store-places.ts';
import { newPerson } from '../../../test/servers/store-rows.ts';
import { contract } from '../../contract/contract.ts';
import { listAudit } from '../../store/audit.ts';
import { appendOutputRows } from '../../store/output-row.ts';
import { changePublication, wishPublication } from '../../store/published-output.ts';
import { findSchedule } from '../../store/schedule.ts';
import { updateWriteback } from '../../store/writeback.ts';
import { apiHandlers } from '../handlers.ts';
import { createOnce } from '../once.ts';

const domo = await startDomo();
after(() => domo.stop());
const inDomo = await domo.addDataset({
  name: 'Orders',
  columns: [{ name: 'id', type: 'LONG' }],
  rows: [['1']],
});
const strangers = await domo.addDataset({
  name: 'Others',
  columns: [{ name: 'id', type: 'LONG' }],
  owner: 7,
  readers: [domo.user.id],
});

for (const { name, store } of await openBothStores()) {
  const db = store.kysely;
  const parts = await apiParts(store);

  describe(`writebacks on the ${name}`, async () => {
    after(() => parts.engine.stop(1000));
    const call = apiRig(contract, apiHandlers(parts), createOnce(db, parts.keyRing));
    const person = async (role: 'viewer' | 'operator' | 'editor' | 'admin' = 'editor') => ({
      ...(await newPerson(db)),
      role,
    });
    const [ann, bob, operator, admin] = [
      await person(),
      await person(),
      await person('operator'),
      await person('admin'),
    ];
    const post = async (url: string, body: object, by: typeof ann = ann) => call(by, 'POST', url, body);
    const account = (
      await post('/accounts', { connector: 'folder', credentials: { folder: parts.dataFolder } })
    ).body.id as string;
    const csv = { 'content-type': 'text/csv' };
    const dataset = (await call(ann, 'POST', '/datasets?name=Sales', 'id\n1\n', csv)).body.id as string;
    const plan = {
      name: 'Sales out',
      source: { kind: 'local', datasetId: dataset },
      connector: 'folder',
      accountId: account,
      details: { fileName: 'sales_{yyyy}' },
    };
    const make = async (more: object = {}) => (await post('/writebacks', { ...plan, ...more })).body;
    const patch = (id: string, body: object, by: typeof ann = ann) =>
      call(by, 'PATCH', `/writebacks/${id}`, body);

    test('it is kept as it was told, with its next time', async () => {
      const schedule = { every: 'day', at: '06:00' };
      const made = await post('/writebacks', { ...plan, schedule, timeZone: 'Europe/Berlin', tags: ['a'] });
      assert.equal(made.status, 201, JSON.stringify(made.body));
      const { id, version, ownerId, paused, nextRun } = made.body;
      assert.deepEqual([version, ownerId, paused], [1, ann.id, false]);
      assert.match(nextRun, /T0[45]:00:00\.000Z$/);
      const saved = await findSchedule(db, id);
      assert.equal(saved?.nextDueAt?.toISOString(), nextRun);
      assert.equal(saved?.definition['timeZone'], 'Europe/Berlin');
      assert.deepEqual((await call(bob, 'GET', `/writebacks/${id}`)).body, made.body);
    });

    test('what is wrong is told by its path', async () => {
      const wrong = async (more: object, path: string) => {
        const { status, body } = await post('/writebacks', { ...plan, ...more });
        assert.equal(status, 422, JSON.stringify(body));
        assert.equal(body.errors[0].path, path, body.detail);
      };
      await wrong({ details: { fileName: '{nonsense' } }, 'details.fileName');
      await wrong({ details: { fileNam: 'x' } }, 'details.fileNam');
      await wrong({ schedule: { every: 'minutes', interval: 5 } }, 'schedule');
      await wrong({ schedule: { every: 'day', at: '25:00' } }, 'schedule.at');
      await wrong({ timeZone: 'Mars/Olympus' }, 'timeZone');
      await wrong({ connector: 'ftp' }, 'connector');
      await wrong({ accountId: 'account_0' }, 'accountId');
      await wrong({ source: { kind: 'local', datasetId: 'dataset_0' } }, 'source.datasetId');
      await wrong({ source: { kind: 'local', path: '/etc/passwd' } }, 'source.path');
      await wrong({ schedule: { every: 'success', writeback: 'nobody' } }, 'schedule.writeback');
    });

    test('its owner must own or co-own the DataSet and may use the account: at the start and when it is given away', async () => {
      const foreign = await post('/writebacks', plan, bob);
      assert.equal(foreign.body.code, 'writeback-account-unknown');
      const access = { personId: bob.id, access: 'read' };
      await call(ann, 'PUT', `/accounts/${account}/shares`, access);
      const notOwner = await post('/writebacks', plan, bob);
      assert.deepEqual([notOwner.status, notOwner.body.code], [422, 'writeback-not-owner']);
      const { id } = await make();
      assert.equal((await patch(id, { ownerId: bob.id })).body.code, 'writeback-not-owner');
      assert.equal((await patch(id, { ownerId: 'person_0' })).body.code, 'writeback-owner-unknown');
      await call(ann, 'PATCH', `/datasets/${dataset}`, { coOwnerIds: [bob.id] });
      assert.equal((await patch(id, { ownerId: bob.id })).body.ownerId, bob.id);
      assert.equal((await patch(id, { name: 'mine again' })).status, 403);
      await call(ann, 'PATCH', `/datasets/${dataset}`, { coOwnerIds: [] });
      assert.equal((await patch(id, { name: 'still' }, bob)).body.code, 'writeback-not-owner');
      assert.equal((await patch(id, { ownerId: ann.id }, admin)).status, 200);
    });

    test('Domo is asked who owns its DataSet', async () => {
      const { clientId, clientSecret } = domo.account;
      const credentials = { clientId, clientSecret, baseUrl: domo.baseUrl };
      const sourceAccountId = (await post('/accounts', { connector: 'domo', credentials })).body.id;
      const of = (datasetId: string) =>
        post('/writebacks', { ...plan, source: { kind: 'domo', datasetId }, sourceAccountId });
      const good = await of(inDomo.id);
      assert.equal(good.status, 201, JSON.stringify(good.body));
      const bad = await of(strangers.id);
      assert.deepEqual([bad.status, bad.body.code], [422, 'domo-not-owner']);
      assert.doesNotMatch(JSON.stringify([good, bad]), new RegExp(clientSecret));
      const local = await patch(good.body.id, { source: plan.source });
      assert.equal('sourceAccountId' in local.body, false);
    });

    test('each change is a version that shows what is different', async () => {
      const { id } = await make({ schedule: { every: 'day' } });
      const again = await patch(id, { name: 'Sales out' });
      assert.equal(again.body.version, 1);
      await patch(id, { details: { fileName: 'new' }, tags: ['x'] });
      const third = await patch(id, { schedule: null });
      assert.deepEqual([third.body.version, third.body.nextRun], [3, undefined]);
      assert.equal(await findSchedule(db, id), undefined);
      const { items } = (await call(ann, 'GET', `/writebacks/${id}/versions`)).body;
      assert.deepEqual(
        items.map(({ version }: { version: number }) => version),
        [3, 2, 1],
      );
      assert.deepEqual(items[0].changes, [{ path: 'schedule.every', before: 'day' }]);
      assert.deepEqual(items[1].changes, [
        { path: 'details.fileName', before: 'sales_{yyyy}', after: 'new' },
        { path: 'tags', after: ['x'] },
      ]);
      const page = (await call(ann, 'GET', `/writebacks/${id}/versions?limit=2`)).body;
      const rest = (await call(ann, 'GET', `/writebacks/${id}/versions?limit=2&after=${page.next}`)).body;
      assert.deepEqual([rest.items.length, rest.items[0].version, rest.next], [1, 1, undefined]);
    });

    test('a rename leaves the next time alone; of two changes that meet one is refused', async () => {
      const { id } = await make({ schedule: { every: 'day' } });
      const due = new Date(Date.now() - 1000);
      await db.updateTable('schedule').set({ nextDueAt: due }).where('writebackId', '=', id).execute();
      await patch(id, { name: 'Renamed' });
      assert.deepEqual((await findSchedule(db, id))?.nextDueAt, due);
      const both = await Promise.all(['a', 'b', 'c'].map((text) => patch(id, { description: text })));
      const { body } = await call(ann, 'GET', `/writebacks/${id}`);
      assert.equal(body.version, 2 + both.filter(({ status }) => status === 200).length);
      for (const { status } of both) assert.ok(status === 200 || status === 409);
    });

    test('an operator pauses it and lets it go on from now', async () => {
      const { id } = await make({ schedule: { every: 'day' } });
      const set = (paused: boolean, by: typeof ann) =>
        call(by, 'PUT', `/writebacks/${id}/paused`, { paused });
      const paused = await set(true, operator);
      assert.deepEqual([paused.body.paused, paused.body.nextRun], [true, undefined]);
      const past = new Date(Date.now() - 86_400_000);
      await db.updateTable('schedule').set({ nextDueAt: past }).where('writebackId', '=', id).execute();
      await updateWriteback(db, id, { pausedBecause: 'Its owner lost the DataSet.' });
      const before = (await call(ann, 'GET', '/writebacks?state=paused')).body.items[0];
      assert.equal(before.pausedBecause, 'Its owner lost the DataSet.');
      const resumed = (await set(false, operator)).body;
      assert.equal(resumed.pausedBecause, undefined);
      assert.ok(new Date(resumed.nextRun) > new Date());
      assert.equal((await patch(id, { paused: true })).body.paused, true);
    });

    test('one whose account is gone can be paused and given another account', async () => {
      const made = async () =>
        (await post('/accounts', { connector: 'folder', credentials: { folder: parts.dataFolder } })).body
          .id as string;
      const accountId = await made();
      const { id } = await make({ accountId });
      await call(ann, 'DELETE', `/accounts/${accountId}?evenIfUsed=true`);
      assert.equal((await patch(id, { paused: false })).status, 200);
      assert.equal((await patch(id, { paused: true })).body.paused, true);
      assert.equal((await patch(id, { name: 'x' })).body.errors[0].path, 'accountId');
      assert.equal((await patch(id, { accountId: await made() })).status, 200);
    });

    test('an output DataSet goes to Domo only with the Domo account of the DataSet', async () => {
      const refused = await make({ publishOutput: true });
      assert.equal(refused.code, 'publish-account-missing');
      const { clientId, clientSecret, baseUrl } = domo.account;
      const credentials = { clientId, clientSecret, baseUrl };
      const sourceAccountId = (await post('/accounts', { connector: 'domo', credentials })).body.id;
      const source = { kind: 'domo', datasetId: inDomo.id };
      const made = await make({ publishOutput: true, source, sourceAccountId });
      assert.deepEqual([made.publishOutput, made.output], [true, undefined]);
      await wishPublication(db, { writebackId: made.id, runId: 'run_1' });
      await changePublication(db, made.id, { lastError: 'Domo is away.' });
      const now = (await call(bob, 'GET', `/writebacks/${made.id}`)).body;
      assert.deepEqual(now.output, { problem: 'Domo is away.' });
    });

    test('a run is begun once, and answered while it is on its way', async () => {
      const { id } = await make();
      const first = await call(operator, 'POST', `/writebacks/${id}/run`, {});
      assert.equal(first.status, 202);
      assert.deepEqual((await call(ann, 'POST', `/writebacks/${id}/run`, {})).body, first.body);
      const run = (await call(ann, 'GET', `/runs/${first.body.runId}`)).body;
      assert.deepEqual([run.state, run.number, run.version, run.cause], ['queued', 1, 1, 'manual']);
      assert.equal((await call(ann, 'GET', `/writebacks/${id}`)).body.lastRun.id, run.id);
      assert.equal((await call(ann, 'DELETE', `/writebacks/${id}`)).status, 204);
      assert.equal((await call(ann, 'GET', `/runs/${run.id}`)).body.state, 'canceled');
      assert.equal((await call(ann, 'GET', `/writebacks/${id}`)).status, 404);
      assert.equal((await call(ann, 'POST', `/runs/${run.id}/retry`)).status, 404);
    });

    test('the same Idempotency-Key makes one thing, and nothing else', async () => {
      const key = { 'idempotency-key': `make ${name}` };
      const [one, two] = await Promise.all([1, 2].map(() => call(ann, 'POST', '/writebacks', plan, key)));
      const again = await call(ann, 'POST', '/writebacks', plan, key);
      const done = [one!, two!].find(({ status }) => status === 201)!;
      assert.deepEqual([again.status, again.body], [201, done.body]);
      for (const { status } of [one!, two!]) assert.ok(status === 201 || status === 409, String(status));
      const other = await call(ann, 'POST', '/writebacks', { ...plan, name: 'Other' }, key);
      assert.deepEqual([other.status, other.body.code], [409, 'idempotency-key-conflict']);
      assert.equal((await call(admin, 'POST', '/writebacks', plan, key)).status, 422, 'keys are of a person');
      const failing = { 'idempotency-key': `fail ${name}` };
      const bad = { ...plan, connector: 'ftp' };
      assert.equal((await call(ann, 'POST', '/writebacks', bad, failing)).status, 422);
      assert.equal((await call(ann, 'POST', '/writebacks', plan, failing)).status, 201);
    });

    test('the output DataSet comes in pages and as a download', async () => {
      const { id } = await make();
      for (const [index, runId] of ['run_1', 'run_2', 'run_3'].entries())
        await appendOutputRows(db, { writebackId: id, runId }, [{ rows: index, note: 'a "b", c' }]);
      const first = (await call(ann, 'GET', `/writebacks/${id}/output?limit=2`)).body;
      const rest = (await call(ann, 'GET', `/writebacks/${id}/output?limit=2&after=${first.next}`)).body;
      assert.deepEqual([...first.items, ...rest.items][2], { rows: 2, note: 'a "b", c' });
      const { body } = await call(ann, 'GET', `/writebacks/${id}/output.csv`);
      assert.equal(body, 'note,rows\n"a ""b"", c",0\n"a ""b"", c",1\n"a ""b"", c",2\n');
    });

    test('the next times are shown before it is saved', async () => {
      const schedule = { every: 'week', daysOfWeek: 'monday', at: '08:00' };
      const { body } = await post('/schedule/next-runs', { schedule, after: '2027-01-01T00:00:00Z' });
      assert.deepEqual(body.runs.slice(0, 2), ['2027-01-04T08:00:00.000Z', '2027-01-11T08:00:00.000Z']);
      assert.equal(body.runs.length, 5);
      const leap = await post('/schedule/next-runs', { schedule, after: '2016-12-31T23:59:60Z' });
      assert.equal(leap.status, 422);
    });

    test('lists are narrowed, and come in pages', async () => {
      const { id } = await make({ tags: [`only ${name}`] });
      const tagged = await call(bob, 'GET', `/writebacks?tag=${encodeURIComponent(`only ${name}`)}`);
      assert.deepEqual(
        tagged.body.items.map((one: { id: string }) => one.id),
        [id],
      );
      const first = (await call(bob, 'GET', '/writebacks?limit=3')).body;
      const second = (await call(bob, 'GET', `/writebacks?limit=3&after=${first.next}`)).body;
      const ids = [...first.items, ...second.items].map((one: { id: string }) => one.id);
      assert.deepEqual(ids, ids.toSorted().toReversed());
      assert.equal(new Set(ids).size, 6);
    });

    test('every deed stands in the audit log, without details of accounts', async () => {
      const entries = await listAudit(db, { limit: 200 });
      const actions = new Set(entries.map(({ action }) => action));
      for (const deed of ['create', 'change', 'pause', 'resume', 'delete'])
        assert.ok(actions.has(`writeback.${deed}`), deed);
      assert.ok(actions.has('run.start'));
    });
  });
}
