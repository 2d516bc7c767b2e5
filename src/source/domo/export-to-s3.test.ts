import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { columns, csv, rows, signal, startDomoRig } from '../../../test/servers/domo-rig.ts';
import type { UnloadedObject } from '../../../test/servers/domo-unload.ts';

const objects: (Omit<UnloadedObject, 'body'> & { text: string })[] = [];
const { stand, source, add } = await startDomoRig({
  bucketRegions: { frankfurt: 'eu-central-1' },
  polls: 3,
  async putObject({ body, ...object }) {
    if (object.awsAccessSecret !== 'good-secret') throw new Error('Access Denied');
    let text = '';
    for await (const chunk of body) text += Buffer.from(chunk).toString();
    objects.push({ ...object, text });
  },
});
after(() => stand.stop());

const target = {
  awsAccessKey: 'AKIATEST',
  awsAccessSecret: 'good-secret',
  sessionToken: 'session-of-an-hour',
  bucket: 'frankfurt',
  path: 'in/sales',
  region: 'eu-central-1',
};

test('an export is asked for, watched to its end, and told with its objects', async () => {
  const { id } = await add('Unload');
  const done = await source().exportToS3?.(id, target, signal);
  assert.equal(done?.status, 'success');
  assert.equal(objects.at(-1)?.text, csv);
  assert.equal(objects.at(-1)?.sessionToken, 'session-of-an-hour');
  const url = `https://frankfurt.s3.eu-central-1.amazonaws.com/in/sales/${done.exportId}/export/data`;
  assert.deepEqual(done.objects, [{ url, rows: 4 }]);
  assert.ok(Date.parse(done.finishedAt) >= Date.parse(done.startedAt));
  const asked = stand.requests
    .filter((one) => one.url === `/api/query/v1/export/${id}`)
    .map(({ method }) => method);
  assert.deepEqual(asked, ['POST', 'GET', 'GET', 'GET', 'GET']);
});

test('unchanged rows give the former export again and no new object', async () => {
  const { id } = await add('Unchanged');
  const first = await source().exportToS3?.(id, target, signal);
  const count = objects.length;
  assert.deepEqual(await source().exportToS3?.(id, target, signal), first);
  assert.equal(objects.length, count);
});

test('a 200 that carries an error is told: the wrong region, refused keys', async () => {
  const { id } = await add('Refused');
  const one = source();
  const elsewhere = { ...target, region: 'us-east-1' };
  await assert.rejects(async () => one.exportToS3?.(id, elsewhere, signal), {
    name: 'UserError',
    code: 'domo-s3-export-refused',
    field: 'region',
    message: /eu-central-1, not us-east-1/,
  });
  await assert.rejects(
    async () => one.exportToS3?.(id, { ...target, awsAccessSecret: 'bad-secret' }, signal),
    {
      name: 'UserError',
      code: 'domo-s3-export-refused',
      field: 'secretKey',
    },
  );
});

test('waiting ends when it is aborted; a second export of the same DataSet has to wait', async () => {
  const { id } = await add('Aborted');
  const abort = new AbortController();
  const first = source().exportToS3?.(id, target, abort.signal);
  while (stand.requests.at(-1)?.url !== `/api/query/v1/export/${id}`)
    await new Promise((done) => setTimeout(done, 1));
  abort.abort(new Error('enough'));
  await assert.rejects(async () => first, { message: 'enough' });
  await assert.rejects(async () => source().exportToS3?.(id, target, signal), {
    name: 'TemporaryError',
    code: 'domo-s3-export-failed',
    message: /already active/,
  });
});

test('only who may write a DataSet out may let Domo export it', async () => {
  stand.addUser({ id: 12, name: 'Reader', role: 'Privileged' });
  stand.addClient({ clientId: 'reader', clientSecret: 'secret-of-reader', userId: 12 });
  const { id } = await stand.addDataset({ name: 'Read only', columns, rows, readers: [12] });
  const reader = source({ clientId: 'reader', clientSecret: 'secret-of-reader' });
  await assert.rejects(async () => reader.exportToS3?.(id, target, signal), { code: 'domo-not-owner' });
});
