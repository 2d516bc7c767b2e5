import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fields } from '../field/field.ts';
import { accountFields, changedCredentials, newCredentials } from './credentials.ts';

const pane = fields({
  domoClientId: { type: 'text', label: 'Domo Client ID', help: '', sharedWith: 'clientId' },
  host: { type: 'text', label: 'Host', help: '', required: true, place: true },
  port: { type: 'number', label: 'Port', help: '', default: 22, place: true },
  username: { type: 'text', label: 'Username', help: '' },
  password: { type: 'secret', label: 'Password', help: '', required: true },
  passphrase: { type: 'secret', label: 'Passphrase', help: '' },
});
const own = accountFields(pane);
const saved = newCredentials(own, { host: 'a.example', username: 'ann', password: 'p1', passphrase: 'p2' });

test('secrets are kept apart, and what the source has is not the account’s', () => {
  assert.deepEqual(Object.keys(own), ['host', 'port', 'username', 'password', 'passphrase']);
  assert.deepEqual(saved.plain, { host: 'a.example', port: 22, username: 'ann' });
  assert.deepEqual(saved.secrets, { password: 'p1', passphrase: 'p2' });
});

test('what is not sent stays, null empties', () => {
  const { plain, secrets } = changedCredentials(own, saved, { username: null, passphrase: null });
  assert.deepEqual(plain, { host: 'a.example', port: 22 });
  assert.deepEqual(secrets, { password: 'p1' });
});

test('another place clears the secrets: those not typed again are missed', () => {
  for (const moved of [{ host: 'evil.example' }, { port: 2222 }])
    assert.throws(() => changedCredentials(own, saved, moved), { code: 'field-missing', field: 'password' });
  const { secrets } = changedCredentials(own, saved, { host: 'b.example', password: 'p3' });
  assert.deepEqual(secrets, { password: 'p3' });
});

test('the same place typed in another way is the same place', () => {
  const { secrets } = changedCredentials(own, saved, { host: 'a.example', port: '22' });
  assert.deepEqual(secrets, saved.secrets);
});

test('an emptied place falls back to its default, which may be another', () => {
  const elsewhere = newCredentials(own, { host: 'a.example', port: 2222, password: 'p1' });
  assert.throws(() => changedCredentials(own, elsewhere, { port: null }), { field: 'password' });
});

test('what the pane does not have is refused', () => {
  assert.throws(() => newCredentials(own, { hots: 'a' }), { code: 'field-unknown' });
});
