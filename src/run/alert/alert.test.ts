import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, describe, test } from 'node:test';
import { never, openBothStores, quiet } from '../../../test/servers/store-places.ts';
import { newWriteback } from '../../../test/servers/store-rows.ts';
import { createEgress } from '../../egress/egress.ts';
import { TemporaryError, UserError } from '../../errors.ts';
import { insertAlerts, listAlerts } from '../../store/alert.ts';
import { listChannelHealth } from '../../store/channel-health.ts';
import { insertWritebackVersion } from '../../store/writeback-version.ts';
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

  describe(`alerts on the ${name}`, { timeout: 600_000 }, () => {
    const channel = (id: string, told: AlertMessage[], isBroken = () => false): AlertChannel => ({
      id,
      async send(one) {
        if (isBroken()) throw new TemporaryError('alert-not-sent', 'not now');
        told.push(one);
      },
    });

    const rig = (channels: readonly AlertChannel[]) => {
      const offered = channels.map((one) => ({ channel: one, isDefault: true }));
      const parts = { db, log: quiet, channels: async () => offered, signal: never };
      const now = Date.now() + 1000;
      const at = (minutes: number) => new Date(now + minutes * 60_000);
      return { parts, at, round: (minutes: number) => sendAlerts(parts, at(minutes)) };
    };
    const late = async (definition?: object, message = 'Late.') => {
      const { id: writebackId, ownerId } = await newWriteback(db);
      if (definition)
        await insertWritebackVersion(db, {
          writebackId,
          version: 1,
          definition: JSON.stringify(definition),
          changedBy: ownerId,
        });
      await insertAlerts(db, [{ writebackId, runId: null, kind: 'no-update', message }]);
      return writebackId;
    };

    test('an alert reaches each channel once, however many send; a broken channel gets it later', async () => {
      const writebackId = await late();
      const [first, second]: [AlertMessage[], AlertMessage[]] = [[], []];
      let broken = true;
      const { parts, at, round } = rig([channel('first', first), channel('second', second, () => broken)]);
      await Promise.all([sendAlerts(parts, at(0)), sendAlerts(parts, at(0))]);
      assert.deepEqual([first.length, second.length], [1, 0]);
      assert.equal(first[0]?.message, 'Late.');
      const [alert] = await listAlerts(db, writebackId);
      assert.match(alert?.lastError ?? '', /second: .*not now/);
      broken = false;
      await round(0.5);
      assert.equal(second.length, 0, 'not before its time');
      await round(2);
      await round(999);
      assert.deepEqual([first.length, second.length], [1, 1]);
      assert.equal(second[0]?.id, first[0]?.id);
      const [sent] = await listAlerts(db, writebackId);
      assert.deepEqual([sent?.nextTryAt, sent?.lastError, sent?.tries], [null, null, 2]);
      assert.equal((await listChannelHealth(db)).get('second'), undefined);
    });

    test('a channel that fails is left in peace for ever longer, whatever waits for it', async () => {
      for (let n = 0; n < 3; n += 1) await late(undefined, `Late ${n}.`);
      const told: AlertMessage[] = [];
      let tried = 0;
      let broken = true;
      const { round } = rig([channel('slow', told, () => ++tried > 0 && broken)]);
      for (let minute = 0; minute < 60; minute += 0.5) await round(minute);
      // After 1, 2, 4, 8, 16 minutes; the next would be after 32, within the hour's looks every five.
      assert.ok(tried >= 5 && tried <= 7, String(tried));
      assert.equal((await listChannelHealth(db)).get('slow')?.failures, tried);
      broken = false;
      for (let minute = 60; minute < 130; minute += 5) await round(minute);
      assert.deepEqual(
        told.map(({ message }) => message),
        ['Late 0.', 'Late 1.', 'Late 2.'],
      );
    });

    test('an alert that is refused does not keep others from a channel', async () => {
      await late(undefined, 'Too long.');
      await late(undefined, 'Short.');
      const told: AlertMessage[] = [];
      const strict: AlertChannel = {
        id: 'strict',
        async send(one) {
          if (one.message === 'Too long.') throw new UserError('alert-refused', 'Refused.');
          told.push(one);
        },
      };
      await rig([strict]).round(0);
      assert.deepEqual(
        told.map(({ message }) => message),
        ['Short.'],
      );
      await rig([strict]).round(99_999);
    });

    test('an alert that never arrives is given up', async () => {
      const writebackId = await late();
      const { round } = rig([channel('broken', [], () => true)]);
      for (let hour = 0; hour < 40; hour += 1) await round(hour * 60);
      assert.ok((await listAlerts(db, writebackId))[0]?.nextTryAt);
      for (let hour = 40; hour < 60; hour += 1) await round(hour * 60);
      const [alert] = await listAlerts(db, writebackId);
      assert.equal(alert?.nextTryAt, null);
      assert.match(alert.lastError ?? '', /broken: /);
    });

    test('a writeback chooses who is told of what', async () => {
      const told: Record<'usual' | 'special', AlertMessage[]> = { usual: [], special: [] };
      const { parts, at } = rig([channel('usual', told.usual)]);
      const special = { channel: channel('special', told.special), isDefault: false };
      const channels = async () => [...(await parts.channels()), special];
      const choices: [object, string][] = [
        [{}, 'usual'],
        [{ alerts: { channels: ['special'] } }, 'special'],
        [{ alerts: { channels: ['default', 'special'] } }, 'usual special'],
        [{ alerts: { channels: [] } }, ''],
        [{ alerts: { kinds: ['failed'] } }, ''],
        [{ alerts: { kinds: ['no-update'] } }, 'usual'],
      ];
      for (const [index, [definition]] of choices.entries()) await late(definition, String(index));
      await sendAlerts({ ...parts, channels }, at(1));
      const whoGot = (index: number) =>
        (['usual', 'special'] as const).filter((id) =>
          told[id].some(({ message }) => message === String(index)),
        );
      for (const [index, [definition, expected]] of choices.entries())
        assert.equal(whoGot(index).join(' '), expected, JSON.stringify(definition));
      const waiting = await db.selectFrom('alert').selectAll().where('nextTryAt', 'is not', null).execute();
      assert.deepEqual(waiting, [], 'what nobody wants to know waits for nobody');
    });
  });
}
