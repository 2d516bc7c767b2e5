import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { providerClient, startOpenIdProvider } from '../../test/servers/open-id-provider.ts';
import { dataFolder } from '../../test/servers/store-places.ts';
import { startService } from '../../test/servers/started-service.ts';

describe('a service whose people come through a provider', { timeout: 600_000 }, async () => {
  const provider = await startOpenIdProvider();
  provider.people.set('ann', { email: 'ann@example.com', email_verified: true, groups: ['data'] });
  const data = await dataFolder();
  const secret = join(data, 'client-secret');
  await writeFile(secret, `${providerClient.clientSecret}\n`);
  // Runs may not reach loopback here; the provider that the operator names is reached all the same.
  const { url, setupUrl, end } = await startService({
    WRITEBACK_DATA: data,
    WRITEBACK_PORT: '0',
    WRITEBACK_PUBLIC_URL: 'https://writeback.example.com/',
    WRITEBACK_OIDC_ISSUER: provider.issuer,
    WRITEBACK_OIDC_CLIENT_ID: providerClient.clientId,
    WRITEBACK_OIDC_CLIENT_SECRET_FILE: secret,
    WRITEBACK_OIDC_SCOPES: 'email groups',
    WRITEBACK_OIDC_DOMAINS: 'Example.com, example.org',
    WRITEBACK_OIDC_ROLES: 'chiefs=admin, data=editor',
    WRITEBACK_PASSWORDS: '0',
  });

  test('lets them in as the environment says', async () => {
    assert.deepEqual(await (await fetch(`${url}/api/sign-in`)).json(), { password: false, openId: true });
    const begun = await fetch(`${url}/api/sign-in/openid`, { redirect: 'manual' });
    const back = await provider.signIn(begun.headers.get('location')!, 'ann');
    assert.equal(`${back.origin}${back.pathname}`, providerClient.callback);
    const cookie = begun.headers.getSetCookie()[0]!.split(';')[0]!;
    const callback = `${url}/api/sign-in/openid/callback${back.search}`;
    const done = await fetch(callback, { redirect: 'manual', headers: { cookie } });
    const session = done.headers.getSetCookie().map((line) => line.split(';')[0]);
    const headers = { cookie: session.join('; ') };
    const me = (await (await fetch(`${url}/api/session`, { headers })).json()) as Record<string, string>;
    assert.deepEqual([me['email'], me['role']], ['ann@example.com', 'editor']);
  });

  test('its administrator is created with the link all the same', async () => {
    const { searchParams } = new URL(setupUrl!);
    const body = { token: searchParams.get('token'), name: 'Ada', email: 'ada@example.com' };
    const answer = await fetch(`${url}/api/setup`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...body, password: 'correct horse battery staple' }),
    });
    assert.equal(answer.status, 201, await answer.text());
  });

  test('shows what it can do', async () => {
    const page = await fetch(`${url}/api`);
    assert.match(await page.text(), /<h1>The API of Writeback<\/h1>/);
    assert.equal(await end('SIGTERM'), 0);
  });
});
