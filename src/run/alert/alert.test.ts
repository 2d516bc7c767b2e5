import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, describe, test } from 'node:test';
import { never, openBothStores, quiet } from '../../../test/servers/store-places.ts';
import { newWriteback } from '../../../test/servers/store-rows.ts';
import { createEgress } from '../../egress/egress.ts';
import { insertAlerts, listAlerts } from '../../store/alert.ts';
import { type AlertChannel, type AlertMessage, testMessage } from './alert-channel.ts';
import { type RunFacts, decideAlerts } from './decide-alerts.ts';
import { sendAlerts } from './send-alerts.ts';
import { createSlack } from './slack.ts';
import { createWebhook } from './webhook.ts';

const stores = await openBothStores();

const succeeded: RunFacts = { state: 'succeeded', rowsRead: 9, rowsRejected: 0, unchanged: false };
const failed: RunFacts = { ...succeeded, state: 'failed', rowsRead: 0 };
const good = { last: succeeded, lastSuccess: succeeded };
const bad = { last: failed, lastSuccess: succeeded };
const none = { last: undefined, lastSuccess: undefined };

test('only a change of state is told', () => {
  assert.deepEqual(decideAlerts(good, succeeded), []);
  assert.deepEqual(decideAlerts(none, succeeded), []);
  assert.deepEqual(decideAlerts(none, failed), ['failed']);
  assert.deepEqual(decideAlerts(good, failed), ['failed']);
  assert.deepEqual(decideAlerts(bad, failed), []);
  assert.deepEqual(decideAlerts(bad, succeeded), ['recovered']);
  assert.deepEqual(decideAlerts(good, { ...failed, state: 'canceled' }), []);
});

test('a DataSet without rows is told once, and not when nothing had to be sent', () => {
  const empty = { ...succeeded, rowsRead: 0 };
  assert.deepEqual(decideAlerts(good, empty), ['no-data']);
  assert.deepEqual(decideAlerts(none, empty), ['no-data']);
  assert.deepEqual(decideAlerts({ last: empty, lastSuccess: empty }, empty), []);
  assert.deepEqual(decideAlerts({ last: failed, lastSuccess: empty }, empty), ['recovered']);
  assert.deepEqual(decideAlerts(good, { ...empty, unchanged: true }), []);
});

test('rejected rows are told when they pass the threshold, and again after they were below it', () => {
  const rejecting = (rowsRejected: number) => ({ ...succeeded, rowsRejected });
  const after = (rowsRejected: number) => ({
    last: rejecting(rowsRejected),
    lastSuccess: rejecting(rowsRejected),
  });
  assert.deepEqual(decideAlerts(good, rejecting(1)), ['rejected-rows']);
  assert.deepEqual(decideAlerts(after(1), rejecting(7)), []);
  assert.deepEqual(decideAlerts(good, rejecting(5), 5), []);
  assert.deepEqual(decideAlerts(after(5), rejecting(6), 5), ['rejected-rows']);
});

/** A receiver that answers as it is told and remembers what came. */
async function receiver() {
  const got: { headers: Record<string, string>; body: string }[] = [];
  const state = { status: 200, headers: {} };
  const server: Server = createServer((request, response) => {
    let body = '';
    request.on('data', (text: Buffer) => (body += text.toString()));
    request.on('end', () => {
      got.push({ headers: request.headers as Record<string, string>, body });
      response.writeHead(state.status, state.headers).end('ok');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(() => server.close());
  return { got, state, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?a=b` };
}

const message: AlertMessage = {
  id: 'alert-7',
  kind: 'failed',
  message: '“Sales” failed: a < b & c',
  at: new Date('2026-03-02T10:00:00Z'),
  writebackId: 'writeback_1',
  runId: 'run_1',
};

test('a webhook is signed over its id, time and body', async () => {
  const { got, url } = await receiver();
  await createWebhook({ url, secret: 'shared' }, createEgress()).send(message, never);
  const [{ headers, body }] = got as [(typeof got)[number]];
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  const expected = createHmac('sha256', 'shared').update(signed).digest('base64');
  assert.equal(headers['webhook-signature'], `v1,${expected}`);
  assert.equal(headers['webhook-id'], 'alert-7');
  const { type, data } = JSON.parse(body) as { type: string; data: object };
  assert.equal(type, 'writeback.failed');
  assert.deepEqual(data, { message: message.message, writebackId: 'writeback_1', runId: 'run_1' });
});

test('Slack gets a text in which nothing is markup', async () => {
  const { got, url } = await receiver();
  const slack = createSlack(url, createEgress());
  await slack.send(message, never);
  await slack.send(testMessage(), never);
  assert.deepEqual(JSON.parse(got[0]!.body), { text: '“Sales” failed: a &lt; b &amp; c' });
  assert.match(got[1]!.body, /This is a test/);
});

test('a refusal is the person’s, a busy or missing receiver may pass, and no error tells the address', async () => {
  const { state, url } = await receiver();
  const send = async (to = url) => createSlack(to, createEgress()).send(message, never);
  const secretless = (error: Error) =>
    assert.doesNotMatch(JSON.stringify([error.message, error]), /hook\?a=b/);
  for (const [status, name] of [
    [404, 'UserError'],
    [302, 'UserError'],
    [429, 'TemporaryError'],
    [503, 'TemporaryError'],
  ] as const) {
    state.status = status;
    state.headers = status === 302 ? { location: url } : {};
    await assert.rejects(send(), (error: Error) => {
      assert.equal(error.name, name);
      secretless(error);
      return true;
    });
  }
  await assert.rejects(send('http://127.0.0.1:9/hook?a=b'), { name: 'TemporaryError' });
  assert.throws(() => createSlack('hook?a=b', createEgress()), { name: 'UserError', code: 'alert-url' });
});

for (const { name, store } of stores) {
  const db = store.kysely;

  describe(`alerts on the ${name}`, { timeout: 60_000 }, () => {
    const channel = (id: string, told: AlertMessage[], isBroken = () => false): AlertChannel => ({
      id,
      async send(one) {
        if (isBroken()) throw new Error('not now');
        told.push(one);
      },
    });

    test('an alert reaches each channel once, however many send; a broken channel gets it later', async () => {
      const { id: writebackId } = await newWriteback(db);
      await insertAlerts(db, [{ writebackId, runId: null, kind: 'no-update', message: 'Late.' }]);
      const [first, second]: [AlertMessage[], AlertMessage[]] = [[], []];
      let broken = true;
      const channels = [channel('first', first), channel('second', second, () => broken)];
      const parts = { db, log: quiet, channels, signal: never };
      const now = Date.now() + 1000;
      const at = (minutes: number) => new Date(now + minutes * 60_000);
      await Promise.all([sendAlerts(parts, at(0)), sendAlerts(parts, at(0))]);
      assert.deepEqual([first.length, second.length], [1, 0]);
      assert.equal(first[0]?.message, 'Late.');
      const [alert] = await listAlerts(db, writebackId);
      assert.match(alert?.lastError ?? '', /second: .*not now/);
      broken = false;
      await sendAlerts(parts, at(0.5));
      assert.equal(second.length, 0, 'not before its time');
      await sendAlerts(parts, at(2));
      await sendAlerts(parts, at(999));
      assert.deepEqual([first.length, second.length], [1, 1]);
      assert.equal(second[0]?.id, first[0]?.id);
      const [sent] = await listAlerts(db, writebackId);
      assert.deepEqual([sent?.nextTryAt, sent?.lastError, sent?.tries], [null, null, 2]);
    });

    test('an alert that never arrives is given up', async () => {
      const { id: writebackId } = await newWriteback(db);
      await insertAlerts(db, [{ writebackId, runId: null, kind: 'no-update', message: 'Late.' }]);
      const channels = [channel('broken', [], () => true)];
      const parts = { db, log: quiet, channels, signal: never };
      for (let day = 1; day < 40; day += 1) await sendAlerts(parts, new Date(Date.now() + day * 86_400_000));
      const [alert] = await listAlerts(db, writebackId);
      assert.deepEqual([alert?.nextTryAt, alert?.tries], [null, 12]);
    });
  });
}
