import assert from 'node:assert/strict';
import { test } from 'node:test';
import { givenMasterKeys, storePlace } from './config.ts';

/** Reads with some variables set, the others of ours unset. */
function reading<T>(variables: Readonly<Record<string, string>>, read: () => T): T {
  const before = { ...process.env };
  for (const name of ['DATABASE_URL', 'WRITEBACK_DATA', 'WRITEBACK_MASTER_KEYS', 'XDG_DATA_HOME']) {
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
