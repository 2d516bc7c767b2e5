import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashPassword, isPassword } from './password.ts';

test('the right password is known, any other is not, and no two hashes are alike', async () => {
  const hash = await hashPassword('correct horse battery');
  assert.match(hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  assert.equal(await isPassword('correct horse battery', hash), true);
  assert.equal(await isPassword('correct horse batterz', hash), false);
  assert.notEqual(await hashPassword('correct horse battery'), hash);
});

test('a password typed in another Unicode form is the same', async () => {
  const hash = await hashPassword('caf\u00e9 au lait bien');
  assert.equal(await isPassword('cafe\u0301 au lait bien', hash), true);
});

test('without a hash no password is right', async () => {
  assert.equal(await isPassword('', undefined), false);
});
