import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { checkProxies } from './check-proxies.ts';
import { signInSettings } from './sign-in-settings.ts';

beforeEach(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith('WRITEBACK_')) delete process.env[name];
});

const provider = {
  WRITEBACK_OIDC_ISSUER: 'https://login.example.com/realms/main/',
  WRITEBACK_OIDC_CLIENT_ID: 'writeback',
  WRITEBACK_OIDC_CLIENT_SECRET: 'secret of the client',
  WRITEBACK_PUBLIC_URL: 'https://writeback.example.com/',
};

test('without a word people sign in with passwords', () => {
  assert.deepEqual(signInSettings(), { password: true });
});

test('a provider is asked for what it must tell, and lets in nobody new unless somebody says as what', () => {
  Object.assign(process.env, provider);
  assert.deepEqual(signInSettings(), {
    password: true,
    provider: {
      client: {
        // Kept to the letter: it is compared with what the provider calls itself.
        issuer: 'https://login.example.com/realms/main/',
        clientId: 'writeback',
        clientSecret: 'secret of the client',
        callback: 'https://writeback.example.com/api/sign-in/openid/callback',
        scopes: 'email profile',
      },
      rules: {
        domains: [],
        trustAddresses: false,
        roleClaim: 'groups',
        roles: [],
        defaultRole: undefined,
      },
    },
  });
});

test('groups, domains and the rest are read with blanks and commas', () => {
  Object.assign(process.env, provider, {
    WRITEBACK_OIDC_DOMAINS: ' Example.COM,example.org ',
    WRITEBACK_OIDC_ROLES: 'chiefs = admin, team=data=editor',
    WRITEBACK_OIDC_DEFAULT_ROLE: 'viewer',
    WRITEBACK_OIDC_TRUST_ADDRESSES: 'yes',
    WRITEBACK_PASSWORDS: '0',
  });
  const { password, provider: { rules } = {} } = signInSettings();
  assert.equal(password, false);
  assert.deepEqual(rules, {
    domains: ['example.com', 'example.org'],
    trustAddresses: false,
    roleClaim: 'groups',
    roles: [
      ['chiefs', 'admin'],
      ['team=data', 'editor'],
    ],
    defaultRole: 'viewer',
  });
});

test('what cannot be is refused, without the secret', () => {
  const mistakes: [Readonly<Record<string, string>>, RegExp][] = [
    [{ WRITEBACK_PUBLIC_URL: '' }, /needs WRITEBACK_PUBLIC_URL too/],
    [{ WRITEBACK_OIDC_CLIENT_SECRET: '' }, /needs WRITEBACK_OIDC_CLIENT_SECRET too/],
    [{ WRITEBACK_OIDC_ISSUER: 'http://login.example.com' }, /WRITEBACK_OIDC_ISSUER is no address with https/],
    [{ WRITEBACK_OIDC_ISSUER: 'http://localhost.example.com' }, /no address with https/],
    [{ WRITEBACK_PUBLIC_URL: 'https://writeback.example.com/?x' }, /no address with https/],
    [{ WRITEBACK_OIDC_ROLES: 'chiefs=boss' }, /no role "boss"/],
    [{ WRITEBACK_OIDC_ROLES: 'chiefs' }, /no role "chiefs"/],
    [{ WRITEBACK_OIDC_DEFAULT_ROLE: 'guest' }, /no role "guest"/],
  ];
  for (const [change, sentence] of mistakes) {
    Object.assign(
      process.env,
      provider,
      { WRITEBACK_OIDC_ROLES: '', WRITEBACK_OIDC_DEFAULT_ROLE: '' },
      change,
    );
    assert.throws(signInSettings, (error: Error & { code: string; remedy: string }) => {
      assert.equal(error.code, 'config-sign-in');
      assert.match(error.message, sentence);
      assert.doesNotMatch(error.message + error.remedy, /secret of the client/);
      return true;
    });
  }
});

test('a provider on this machine needs no TLS', () => {
  Object.assign(process.env, provider, { WRITEBACK_OIDC_ISSUER: 'http://127.0.0.1:9000' });
  assert.equal(signInSettings().provider?.client.issuer, 'http://127.0.0.1:9000');
});

test('proxies are addresses and ranges', () => {
  checkProxies(['127.0.0.1', '::1', '10.0.0.0/8', 'fd00::/8']);
  for (const entry of ['proxy.internal', '10.0.0.0/33', '127.1', '10.0.0.0/', '10.0.0.0/8/8', 'true', ''])
    assert.throws(() => checkProxies(['127.0.0.1', entry]), { code: 'config-proxies' }, entry);
});
