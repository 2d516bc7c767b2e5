import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { runCli } from '../cli/cli.ts';
import { connectors } from '../connectors.ts';
import { createRegistry } from '../connector/registry.ts';
import { createEgress } from '../egress/egress.ts';
import { createLog } from '../log.ts';
import { testAlertsCommand } from './test-alerts-command.ts';

async function testAlerts() {
  const out: string[] = [];
  const err: string[] = [];
  const context = {
    version: '0',
    registry: createRegistry(connectors),
    egress: createEgress(),
    log: createLog(() => {}),
    signal: new AbortController().signal,
    out: (line: string) => void out.push(line),
    err: (text: string) => void err.push(text),
    lively: false,
    ask: async () => assert.fail('It asks for nothing.'),
  };
  const code = await runCli(['test-alerts'], context, { 'test-alerts': async () => testAlertsCommand });
  return { code, out, err: err.join('') };
}

test('a place that cannot be reached is named, and does not hide the next', async () => {
  const posted: (string | undefined)[] = [];
  const slack = createServer(({ url }, answer) => {
    posted.push(url);
    answer.end('ok');
  }).listen(0, '127.0.0.1');
  await once(slack, 'listening');
  const { port } = slack.address() as AddressInfo;
  process.env['WRITEBACK_EGRESS_ALLOW'] = '127.0.0.1';
  process.env['WRITEBACK_ALERT_SLACK'] = `http://127.0.0.1:${port}/slack`;
  const works = await testAlerts();
  // Port 1 is open nowhere.
  process.env['WRITEBACK_ALERT_WEBHOOK'] = 'http://127.0.0.1:1/';
  process.env['WRITEBACK_ALERT_WEBHOOK_SECRET'] = 'a long random text';
  const fails = await testAlerts();
  slack.close();
  assert.deepEqual([works.code, works.err], [0, '']);
  assert.deepEqual([fails.code, fails.out], [3, works.out], 'Slack was told again');
  assert.match(fails.err, /^webhook-\w+: No connection to 127\.0\.0\.1:1/);
  assert.deepEqual(posted, ['/slack', '/slack']);
});
