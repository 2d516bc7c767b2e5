import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Client } from 'pg';
import { openTestStore, storePlaces } from '../../test/servers/store-places.ts';
import { TemporaryError } from '../errors.ts';
import { explainStoreError } from './explain-store-error.ts';

test('a connection whose server has gone away passes, whatever it is asked from then on', async () => {
  const place = await storePlaces['own PostgreSQL']!();
  const { pool } = await openTestStore(place);
  const client = new Client(place.databaseUrl);
  const broken = once(client, 'error');
  await client.connect();
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  const asking = client.query('select pg_sleep(60)');
  await Promise.all([
    pool.query('select pg_terminate_backend($1)', [rows[0]!.pid]),
    assert.rejects(asking, (error) => isPassing(error)),
    broken,
  ]);
  await assert.rejects(client.query('select 1'), (error) => isPassing(error));
});

function isPassing(error: unknown): boolean {
  const told = explainStoreError(error);
  return told instanceof TemporaryError && told.code === 'store-unreachable';
}
