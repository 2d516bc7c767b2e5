import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { openBothStores, quiet } from '../../test/servers/store-places.ts';
import { newPerson, newRun, newWriteback } from '../../test/servers/store-rows.ts';
import { peopleEndpoints } from '../contract/people.ts';
import { insertRun } from '../store/run.ts';
import type { Caller } from './caller.ts';
import { addOperatorRoutes } from './operator-routes.ts';
import { apiKeyHandlers } from './people/api-keys.ts';
import { peopleHandlers } from './people/people.ts';
import { sessionHandlers } from './people/sessions.ts';
import { serve } from './serve.ts';
import { createTryLimit } from './try-limit.ts';

for (const { name, store } of await openBothStores()) {
  const db = store.kysely;

  describe(`what operators ask on the ${name}`, () => {
    let isUp = true;
    const key: Caller = {
      personId: 'person_1',
      role: 'viewer',
      key: { id: `key of ${name}`, permissions: ['read', 'signedIn'] },
    };
    const identify = async ({ headers }: { headers: Record<string, unknown> }) =>
      headers['authorization'] === 'Bearer key' ? key : undefined;
    const server = serve({
      contract: peopleEndpoints,
      handlers: { ...peopleHandlers(db, 'token'), ...sessionHandlers(db), ...apiKeyHandlers(db) },
      identify,
      keyLimit: createTryLimit(3, 60_000),
      log: quiet,
    });
    const pool = {
      query: (async (sql: string) => {
        if (!isUp) throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
        return store.pool.query(sql);
      }) as unknown as typeof store.pool.query,
    };
    addOperatorRoutes(server, { db, pool, identify, version: '1.2.3' });
    after(() => server.close());
    const get = (url: string, authorization = '') => server.inject({ url, headers: { authorization } });

    test('a process lives while its database is down, but is not ready', async () => {
      assert.equal((await get('/readyz')).statusCode, 200);
      isUp = false;
      assert.equal((await get('/healthz')).statusCode, 200);
      const answer = await get('/readyz');
      assert.deepEqual([answer.statusCode, answer.json().code], [503, 'api-not-ready']);
      isUp = true;
    });

    test('metrics are for who may read; runs are counted by state, calls by route and never by address', async () => {
      const { id } = await newWriteback(db, (await newPerson(db)).id);
      await insertRun(db, newRun(id));
      await get('/api/people/somebody-whose-name-is-no-label');
      assert.equal((await get('/metrics')).statusCode, 401);
      const { body, headers } = await get('/metrics', 'Bearer key');
      assert.match(String(headers['content-type']), /^text\/plain/);
      assert.match(body, /^writeback_runs\{state="queued"\} 1$/m);
      assert.match(body, /^writeback_writebacks\{state="active"\} 1$/m);
      assert.match(body, /^writeback_http_requests_total\{method="GET",route="\/readyz",status="503"\} 1$/m);
      assert.doesNotMatch(body, /somebody/);
      for (const line of body.trimEnd().split('\n'))
        assert.match(line, /^(# TYPE \w+ (counter|gauge)|\w+(\{[^}]*\})? [\d.e+-]+)$/, line);
    });

    test('the OpenAPI document is for everybody', async () => {
      const { openapi, info } = (await get('/api/openapi.json')).json();
      assert.deepEqual([openapi, info.version], ['3.1.1', '1.2.3']);
    });

    test('a key may call so often and is told when again', async () => {
      const statuses: number[] = [];
      for (let n = 0; n < 4; n += 1) statuses.push((await get('/api/people', 'Bearer key')).statusCode);
      assert.deepEqual(statuses, [200, 200, 200, 429]);
      const { headers, json } = await get('/api/people', 'Bearer key');
      assert.match(String(headers['retry-after']), /^\d+$/);
      assert.equal(json().code, 'api-too-often');
    });
  });
}
