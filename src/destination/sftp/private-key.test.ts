import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keygen, makeKey, openssl, publicLine } from '../../../test/servers/ssh-keys.ts';
import { UserError } from '../../errors.ts';
import { readPrivateKey } from './private-key.ts';

const userError = (code: string) => (error: unknown) => {
  assert.ok(error instanceof UserError, String(error));
  assert.equal(error.code, code, error.message);
  return true;
};

test('keys of all formats are read, pasted in one line too', (context) => {
  const kinds: [string[], string][] = [
    [['-t', 'rsa', '-b', '2048', '-m', 'PEM'], ''],
    [['-t', 'rsa', '-b', '2048', '-m', 'PEM'], 'pass phrase'],
    [['-t', 'rsa', '-b', '2048', '-m', 'PKCS8'], 'pass phrase'],
    [['-t', 'ecdsa'], ''],
    [['-t', 'ecdsa', '-b', '521', '-m', 'PEM'], 'pass phrase'],
    [['-t', 'ed25519'], 'pass phrase'],
  ];
  for (const [options, passphrase] of kinds) {
    const pair = keygen(options, passphrase);
    if (!pair) return context.skip('no ssh-keygen');
    const [, wanted] = pair.public.split(' ');
    for (const text of [
      pair.private,
      pair.private.replaceAll('\n', ' '),
      pair.private.replaceAll('\n', '\\n'),
      pair.private.replaceAll('\n', '\r\n'),
    ]) {
      assert.equal(
        readPrivateKey(text, passphrase).getPublicSSH().toString('base64'),
        wanted,
        options.join(' '),
      );
    }
    if (passphrase === '') continue;
    assert.throws(() => readPrivateKey(pair.private, 'wrong'), userError('sftp-passphrase-wrong'));
    assert.throws(() => readPrivateKey(pair.private, undefined), userError('sftp-passphrase-missing'));
  }
});

test('no wrong passphrase makes a key look damaged', (context) => {
  const pair = keygen(['-t', 'rsa', '-b', '2048', '-m', 'PEM'], 'pass phrase');
  if (!pair) return context.skip('no ssh-keygen');
  for (let wrong = 0; wrong < 2000; wrong += 1)
    assert.throws(() => readPrivateKey(pair.private, `wrong ${wrong}`), userError('sftp-passphrase-wrong'));
});

test('ed25519 as PKCS#8 and RSA under triple DES are read', (context) => {
  const ed25519 = openssl(['genpkey', '-algorithm', 'ed25519', '-out', 'OUT'], '');
  if (ed25519 === undefined) return context.skip('no openssl');
  assert.equal(readPrivateKey(ed25519, undefined).type, 'ssh-ed25519');
  const rsa = makeKey('rsa').private;
  const des3 =
    openssl(['rsa', '-in', 'IN', '-des3', '-passout', 'pass:secret', '-traditional', '-out', 'OUT'], rsa) ??
    '';
  assert.match(des3, /DES-EDE3-CBC/);
  assert.equal(
    publicLine(rsa).split(' ')[1],
    readPrivateKey(des3, 'secret').getPublicSSH().toString('base64'),
  );
});

test('what is no usable private key is named, with the way out', () => {
  const cases: [string, RegExp][] = [
    [makeKey().public, /a public key/],
    ['-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----', /a certificate/],
    ['PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none', /PuTTY key of version 3/],
    ['hello', /without the first line of a key/],
  ];
  for (const [text, pattern] of cases) {
    assert.throws(
      () => readPrivateKey(text, undefined),
      (error: UserError) => {
        assert.match(error.message, pattern);
        assert.ok(error.remedy);
        return userError('sftp-private-key-unusable')(error);
      },
    );
  }
});
