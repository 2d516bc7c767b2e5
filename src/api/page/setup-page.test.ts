import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, test } from 'node:test';
import { quiet } from '../../../test/servers/store-places.ts';
import { Refusal } from '../problem.ts';
import { serve } from '../serve.ts';
import { serveSetupPage } from './setup-page.ts';

const server = serve({ contract: {}, handlers: {}, identify: async () => undefined, log: quiet });
serveSetupPage(server, async ({ body: { token, name, email } }) => {
  if (token === 'broken') throw new Error('secret detail');
  if (token !== 'right') throw new Refusal(403, 'setup-refused', 'The link is <not> right.');
  return { id: 'p', name, email, role: 'admin', createdAt: new Date().toISOString(), disabled: false };
});
after(() => server.close());

const typed = { token: 'right', name: 'Ada', email: 'ada@example.com', password: 'correct horse battery' };
const post = (fields: Readonly<Record<string, string>>, type = 'application/x-www-form-urlencoded') =>
  server.inject({
    method: 'POST',
    url: '/setup',
    headers: { 'content-type': type },
    payload: new URLSearchParams(fields).toString(),
  });

test('the page has no script, and its only style is the one that its policy names', async () => {
  const { body, headers } = await server.inject('/setup?token=abc');
  const policy = String(headers['content-security-policy']);
  assert.match(policy, /^default-src 'none'; /);
  assert.doesNotMatch(policy, /unsafe|script-src|\*/);
  const [, style = ''] = /<style>([\s\S]*?)<\/style>/.exec(body) ?? [];
  assert.ok(policy.includes(createHash('sha256').update(style).digest('base64')));
  assert.doesNotMatch(body, /<script|\son\w+=|style="/);
  assert.match(body, /name="token" value="abc"/);
});

test('what comes with the link or was typed is shown as text', async () => {
  const hostile = `"><script>alert('1')</script>`;
  const shown = await server.inject(`/setup?token=${encodeURIComponent(hostile)}`);
  const again = await post({ ...typed, name: hostile, token: hostile });
  for (const { body } of [shown, again]) assert.doesNotMatch(body, /<script/);
  assert.match(again.body, /The link is &lt;not&gt; right\./);
  assert.equal((await server.inject('/setup?token=a&token=b')).statusCode, 200);
});

test('a wrong form is shown again with what is wrong, without the password', async () => {
  for (const [change, status] of [
    [{ token: 'wrong' }, 403],
    [{ password: 'short' }, 400],
    [{ role: 'admin' }, 400],
  ] as const) {
    const { statusCode, body } = await post({ ...typed, ...change });
    assert.equal(statusCode, status);
    assert.match(body, /role="alert"/);
    assert.doesNotMatch(body, /correct horse|value="short"/);
  }
});

test('a right form creates the administrator', async () => {
  const { statusCode, body } = await post(typed);
  assert.equal(statusCode, 201);
  assert.match(body, /Ada is the administrator/);
});

test('a mistake of ours tells nothing, and other kinds of bodies are not read', async () => {
  const broken = await post({ ...typed, token: 'broken' });
  assert.deepEqual([broken.statusCode, broken.body.includes('secret detail')], [500, false]);
  assert.equal((await post(typed, 'multipart/form-data')).statusCode, 415);
});
