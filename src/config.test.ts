import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import {
  alertPlaces,
  egressRules,
  givenMasterKeys,
  serviceSettings,
  serviceVariables,
  storePlace,
} from './config.ts';

/** Reads with some variables set, the others of ours unset. */
function reading<T>(variables: Readonly<Record<string, string>>, read: () => T): T {
  const before = { ...process.env };
  for (const name of [...Object.keys(serviceVariables), 'XDG_DATA_HOME']) {
    delete process.env[name];
  }
  Object.assign(process.env, variables);
  try {
    return read();
  } finally {
    for (const name of Object.keys(process.env)) delete process.env[name];
    Object.assign(process.env, before);
  }
}

test('without a word the database is embedded, in a folder of this user', () => {
  const { databaseUrl, dataFolder } = reading({ XDG_DATA_HOME: '/home/ann/data' }, storePlace);
  assert.equal(databaseUrl, undefined);
  assert.equal(dataFolder, process.getuid?.() === 0 ? '/var/lib/writeback' : '/home/ann/data/writeback');
});

test('DATABASE_URL, WRITEBACK_DATA and WRITEBACK_MASTER_KEYS are taken as they are, and empty is unset', () => {
  const given = { DATABASE_URL: 'postgres://db/wb', WRITEBACK_DATA: '/srv/wb', WRITEBACK_MASTER_KEYS: 'a b' };
  assert.deepEqual(reading(given, storePlace), { databaseUrl: 'postgres://db/wb', dataFolder: '/srv/wb' });
  assert.equal(reading(given, givenMasterKeys), 'a b');
  assert.equal(reading({ DATABASE_URL: '' }, storePlace).databaseUrl, undefined);
  assert.equal(reading({ WRITEBACK_MASTER_KEYS: '' }, givenMasterKeys), undefined);
});

test('without a word the service is for this machine, and careful', () => {
  const settings = reading({}, serviceSettings);
  assert.deepEqual([settings.host, settings.port, settings.lowestMinutes], ['127.0.0.1', 8080, 15]);
  assert.deepEqual(reading({}, egressRules), { allow: [], allowLoopback: false });
  assert.deepEqual(reading({}, alertPlaces), {
    webhook: undefined,
    slack: undefined,
    email: undefined,
  });
});

test('numbers that are none, or out of bounds, are refused', () => {
  for (const WRITEBACK_RUNS of ['0', '-1', '1.5', '1e3', ' 4', '1001'])
    assert.throws(
      () => reading({ WRITEBACK_RUNS }, serviceSettings),
      { code: 'config-number' },
      WRITEBACK_RUNS,
    );
  assert.equal(reading({ WRITEBACK_RUNS: '1000' }, serviceSettings).runs, 1000);
});

test('a list is read with blanks and commas, and loopback only for exactly 1', () => {
  const given = { WRITEBACK_EGRESS_ALLOW: ' 10.0.0.0/8, db.internal:27017,', WRITEBACK_DEVELOPMENT: 'yes' };
  assert.deepEqual(reading(given, egressRules), {
    allow: ['10.0.0.0/8', 'db.internal:27017'],
    allowLoopback: false,
  });
  assert.equal(reading({ WRITEBACK_DEVELOPMENT: '1' }, egressRules).allowLoopback, true);
});

test('a secret may lie in a file, and what is given itself comes first', async () => {
  const file = join(await mkdtemp(join(tmpdir(), 'writeback-config-')), 'keys');
  await writeFile(file, 'a b\n');
  assert.equal(reading({ WRITEBACK_MASTER_KEYS_FILE: file }, givenMasterKeys), 'a b');
  assert.equal(
    reading({ WRITEBACK_MASTER_KEYS_FILE: file, WRITEBACK_MASTER_KEYS: 'c' }, givenMasterKeys),
    'c',
  );
  await rm(dirname(file), { recursive: true });
  assert.throws(() => reading({ WRITEBACK_MASTER_KEYS_FILE: file }, givenMasterKeys), {
    code: 'config-file',
  });
});

test('a webhook needs a secret that signs what is sent', () => {
  const url = 'https://hooks.example.com/x';
  assert.throws(() => reading({ WRITEBACK_ALERT_WEBHOOK: url }, alertPlaces), { code: 'config-alert' });
  const given = { WRITEBACK_ALERT_WEBHOOK: url, WRITEBACK_ALERT_WEBHOOK_SECRET: 's' };
  assert.deepEqual(reading(given, alertPlaces).webhook, { url, secret: 's' });
});

test('a mail server needs a sender and recipients', () => {
  const given = { WRITEBACK_ALERT_SMTP: 'smtps://mail.example.com', WRITEBACK_ALERT_FROM: 'a@example.com' };
  assert.throws(() => reading(given, alertPlaces), { code: 'config-alert' });
  const { email } = reading({ ...given, WRITEBACK_ALERT_TO: 'b@example.com, c@example.com' }, alertPlaces);
  assert.deepEqual(email?.to, ['b@example.com', 'c@example.com']);
});
