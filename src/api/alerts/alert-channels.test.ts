import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, describe, test } from 'node:test';
import { apiParts } from '../../../test/servers/api-parts.ts';
import { apiRig } from '../../../test/servers/api-rig.ts';
import { startSmtp } from '../../../test/servers/smtp-stand-in.ts';
import { never, openBothStores, quiet } from '../../../test/servers/store-places.ts';
import { newPerson } from '../../../test/servers/store-rows.ts';
import { makeTls } from '../../../test/servers/tls.ts';
import { contract } from '../../contract/contract.ts';
import { addressPolicy } from '../../egress/address-policy.ts';
import { createEgress } from '../../egress/egress.ts';
import { createLog } from '../../log.ts';
import { sendAlerts } from '../../run/alert/send-alerts.ts';
import { savedChannels } from '../../run/alert/saved-channels.ts';
import { findAlertChannel } from '../../store/alert-channel.ts';
import { insertAlerts } from '../../store/alert.ts';
import { listAudit } from '../../store/audit.ts';
import { keepChannelFailure } from '../../store/channel-health.ts';
import { apiHandlers } from '../handlers.ts';

const tls = await makeTls();
const smtp = await startSmtp({ tls, security: 'none', login: { user: 'ann', password: 'p4ssw0rd-of-ann' } });
const posts: string[] = [];
const hook = createServer((request, response) => {
  let body = '';
  request.on('data', (bytes: Buffer) => (body += bytes.toString()));
  request.on('end', () => {
    posts.push(body);
    response.end();
  });
}).listen(0, '127.0.0.1');
await once(hook, 'listening');
after(async () => {
  hook.close();
  await Promise.all([smtp.stop(), tls.stop()]);
});
const hookUrl = `http://127.0.0.1:${(hook.address() as AddressInfo).port}/t0ken-of-the-hook`;

for (const { name, store } of await openBothStores()) {
  const db = store.kysely;

  describe(`alert channels on the ${name}`, async () => {
    const lines: string[] = [];
    const parts = await apiParts(store, { log: createLog((line) => lines.push(line)) });
    after(() => parts.engine.stop(1000));
    const call = apiRig(contract, apiHandlers(parts));
    const [ann, bob, admin] = [
      await newPerson(db),
      await newPerson(db),
      { ...(await newPerson(db)), role: 'admin' as const },
    ];
    const mail = {
      mailServer: '127.0.0.1',
      port: smtp.port,
      encryption: 'none',
      username: 'ann',
      password: 'p4ssw0rd-of-ann',
      from: 'writeback@example.com',
      to: ['ann@example.com', 'bob@example.com'],
    };
    const slack = { webhookUrl: hookUrl };
    const make = async (body: object = {}, as: typeof ann | typeof admin = ann) =>
      call(as, 'POST', '/alert-channels', { name: 'Team', kind: 'slack', credentials: slack, ...body });

    test('a channel is saved, and its secrets are never seen again', async () => {
      const made = await make({ kind: 'email', credentials: mail });
      assert.equal(made.status, 201, JSON.stringify(made.body));
      assert.deepEqual([made.body.secrets, made.body.isDefault], [['password'], false]);
      assert.equal(made.body.credentials.to, 'ann@example.com\nbob@example.com');
      const webhook = { url: hookUrl, signingSecret: 's1gned-with-this' };
      assert.equal((await make({ kind: 'webhook', credentials: webhook })).status, 201);
      assert.equal((await make()).status, 201);
      const listed = await call(bob, 'GET', '/alert-channels');
      assert.equal(listed.body.items.length, 3);
      const row = await findAlertChannel(db, made.body.id);
      const everything = JSON.stringify([made, row, listed, await listAudit(db, { limit: 50 }), lines]);
      assert.doesNotMatch(everything, /p4ssw0rd-of-ann|t0ken-of-the-hook|s1gned-with-this/);
    });

    test('what is wrong is refused with its place', async () => {
      const path = async (body: object) => {
        const { status, body: told } = await make(body);
        return [status, told.errors?.[0]?.path];
      };
      assert.deepEqual(await path({ credentials: {} }), [422, 'credentials.webhookUrl']);
      assert.deepEqual(await path({ credentials: { ...slack, pasword: 'x' } }), [422, 'credentials.pasword']);
      assert.deepEqual(await path({ credentials: { webhookUrl: 'hook' } }), [422, 'credentials']);
      assert.deepEqual(await path({ kind: 'pigeon' }), [400, 'kind']);
      assert.deepEqual(
        (await call(bob, 'GET', '/alert-channel-kinds')).body.items[1].fields.webhookUrl.type,
        'secret',
      );
    });

    test('only its owner and administrators change it, and only these choose what is told of everything', async () => {
      const { id } = (await make()).body;
      const change = (as: typeof ann | typeof admin, body: object) =>
        call(as, 'PATCH', `/alert-channels/${id}`, body);
      assert.equal((await change(bob, { name: 'Mine' })).status, 403);
      assert.equal((await call(bob, 'DELETE', `/alert-channels/${id}`)).status, 403);
      assert.equal((await change(ann, { name: 'Ours' })).body.name, 'Ours');
      assert.equal((await change(ann, { isDefault: true })).status, 403);
      assert.equal((await make({ isDefault: true })).status, 403);
      assert.equal((await change(admin, { isDefault: true })).body.isDefault, true);
      assert.equal((await change(admin, { isDefault: false })).body.isDefault, false);
      assert.equal((await call(bob, 'GET', '/alert-channels/channel_0')).status, 404);
    });

    test('another mail server, or none of its encryption, clears the password', async () => {
      const { id } = (await make({ kind: 'email', credentials: mail })).body;
      const change = async (credentials: object) =>
        (await call(ann, 'PATCH', `/alert-channels/${id}`, { credentials })).body.secrets;
      assert.deepEqual(await change({ to: 'eve@example.com' }), ['password']);
      assert.deepEqual(await change({ mailServer: 'evil.example.com' }), []);
      assert.deepEqual(await change({ password: 'new' }), ['password']);
      assert.deepEqual(await change({ encryption: 'tls' }), []);
    });

    test('the test button tells what came of it; what arrives ends the channel’s rest', async () => {
      const { id } = (await make({ kind: 'email', credentials: mail })).body;
      const trouble = async () => (await call(bob, 'GET', `/alert-channels/${id}`)).body.trouble;
      const restsUntil = new Date(Date.now() + 3_600_000);
      await keepChannelFailure(db, { channelId: id, failures: 3, restsUntil, lastError: 'It was down.' });
      assert.equal((await trouble()).failures, 3);
      const before = smtp.taken.length;
      const { body } = await call(bob, 'POST', `/alert-channels/${id}/test`);
      assert.deepEqual(body, { ok: true, message: 'The test alert was sent.' });
      assert.match(smtp.taken[before]?.text ?? '', /This is a test/);
      assert.equal(await trouble(), undefined);
      await call(ann, 'PATCH', `/alert-channels/${id}`, { credentials: { password: 'wr0ng-p4ssw0rd' } });
      const refused = await call(bob, 'POST', `/alert-channels/${id}/test`);
      assert.deepEqual([refused.status, refused.body.ok], [200, false]);
      assert.match(refused.body.message, /refused user name and password/);
      assert.doesNotMatch(JSON.stringify([refused, lines]), /wr0ng-p4ssw0rd/);
    });

    test('what people type in is under the rules of egress', async () => {
      const { id } = (await make()).body;
      const egress = createEgress(addressPolicy({ allow: [] }));
      const strict = apiRig(contract, apiHandlers({ ...parts, egress }));
      const { body } = await strict(ann, 'POST', `/alert-channels/${id}/test`);
      assert.equal(body.ok, false);
      assert.match(body.message, /loopback address/);
    });

    test('a writeback names its channels; one that is named is not deleted', async () => {
      const dataset = await call(ann, 'POST', '/datasets?name=Sales', 'id,name\n1,Ada\n', {
        'content-type': 'text/csv',
      });
      const folder = `${parts.dataFolder}/out`;
      const account = await call(ann, 'POST', '/accounts', { connector: 'folder', credentials: { folder } });
      const { id: channelId } = (await make({ name: 'Only this' })).body;
      const plan = (alerts: object) => ({
        name: 'Told',
        source: { kind: 'local', datasetId: dataset.body.id },
        connector: 'folder',
        accountId: account.body.id,
        alerts,
      });
      const unknown = await call(ann, 'POST', '/writebacks', plan({ channels: ['channel_0'] }));
      assert.deepEqual([unknown.status, unknown.body.errors[0].path], [422, 'alerts.channels']);
      const alerts = { channels: [channelId, 'default'], kinds: ['failed'], rejectedRows: 5 };
      const made = await call(ann, 'POST', '/writebacks', plan(alerts));
      assert.deepEqual(made.body.alerts, alerts, JSON.stringify(made.body));
      const refused = await call(ann, 'DELETE', `/alert-channels/${channelId}`);
      assert.deepEqual([refused.status, refused.body.code], [409, 'alert-channel-in-use-conflict']);
      assert.match(refused.body.detail, /Told/);
      posts.length = 0;
      const alert = { writebackId: made.body.id, runId: null, message: 'It failed.' };
      await insertAlerts(db, [
        { ...alert, kind: 'failed' },
        { ...alert, kind: 'recovered' },
      ]);
      const channels = async () => savedChannels(parts);
      await sendAlerts({ db, log: quiet, channels, signal: never }, new Date(Date.now() + 1000));
      assert.deepEqual(posts, ['{"text":"It failed."}']);
      const freed = await call(ann, 'PATCH', `/writebacks/${made.body.id}`, { alerts: null });
      assert.equal(freed.body.alerts, undefined);
      assert.equal((await call(ann, 'DELETE', `/alert-channels/${channelId}`)).status, 204);
    });

    test('every deed stands in the audit log', async () => {
      const actions = new Set((await listAudit(db, { limit: 200 })).map(({ action }) => action));
      for (const deed of ['create', 'change', 'delete'])
        assert.ok(actions.has(`alert-channel.${deed}`), deed);
    });
  });
}
