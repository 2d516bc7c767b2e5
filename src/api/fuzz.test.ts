import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import {
  type Arbitrary,
  asyncProperty,
  assert as holds,
  constantFrom,
  integer,
  oneof,
  record,
  string,
} from 'fast-check';
import Schema from 'typebox/schema';
import { apiParts } from '../../test/servers/api-parts.ts';
import { openTestStore, storePlaces } from '../../test/servers/store-places.ts';
import { newPerson } from '../../test/servers/store-rows.ts';
import { type Known, nonsense, valuesOf } from '../../test/from-schema.ts';
import type { JsonSchema } from '../contract/json-schema.ts';
import { contract } from '../contract/contract.ts';
import { openApi } from '../contract/openapi.ts';
import { type Role, roles } from '../contract/permission.ts';
import { createLog } from '../log.ts';
import { startRun } from '../run/run.ts';
import { newId } from '../store/new-id.ts';
import { changeRun } from '../store/run.ts';
import { apiHandlers } from './handlers.ts';
import { createOnce } from './once.ts';
import { serve } from './serve.ts';

/** The long form is 10,000. */
const requests = Number(process.env['WRITEBACK_FUZZ_REQUESTS'] ?? 600);

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly schema: JsonSchema;
}

interface Operation {
  readonly operationId: string;
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: JsonSchema }>> };
  readonly responses: Readonly<Record<string, { content?: Record<string, { schema: JsonSchema }> }>>;
}

const document = openApi('0') as {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: { Problem: JsonSchema } };
};

interface Call {
  readonly url: string;
  readonly method: string;
  readonly operation: Operation;
}

const calls: readonly Call[] = Object.entries(document.paths).flatMap(([url, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ url, method: method.toUpperCase(), operation })),
);

const compiled = new Map<unknown, (value: unknown) => boolean>();
function fits(schema: JsonSchema, value: unknown): boolean {
  const check = compiled.get(schema) ?? compile(schema);
  compiled.set(schema, check);
  return check(value);
}
function compile(schema: JsonSchema) {
  const validator = Schema.Compile(schema as never);
  return (value: unknown) => validator.Check(value);
}

describe('requests that are made of the OpenAPI document', async () => {
  const store = await openTestStore(await storePlaces['own PostgreSQL']!());
  const db = store.kysely;
  const logged: string[] = [];
  const parts = await apiParts(store, { log: createLog((line) => logged.push(line)) });
  after(() => parts.engine.stop(1000));
  const people = new Map<string, Role>();
  for (const role of roles) people.set((await newPerson(db)).id, role);
  const server = serve({
    contract,
    handlers: apiHandlers(parts),
    identify: async ({ headers }) => {
      const personId = String(headers['x-person']);
      const role = people.get(personId);
      return role && { personId, role };
    },
    log: parts.log,
    once: createOnce(db, parts.keyRing),
  });
  after(() => server.close());
  const admin = [...people.keys()].at(-1)!;
  const folder = join(parts.dataFolder, 'out');

  const webhookUrl = 'http://127.0.0.1:9/hook';

  /** Ids of what there is, by what it is of; grows with what the requests make. */
  const ids: Record<string, string[]> = {
    person: [...people.keys()].toReversed(),
    connector: ['folder', 'none'],
  };
  const learn = (body: unknown) => {
    const { id, runId } = (body ?? {}) as { id?: unknown; runId?: unknown };
    for (const one of [id, runId]) if (typeof one === 'string') (ids[one.split('_')[0]!] ??= []).push(one);
  };
  const post = async (url: string, payload: object | string, type = 'application/json') => {
    const headers = { 'x-person': admin, 'content-type': type };
    const answer = await server.inject({ method: 'POST', url: `/api${url}`, headers, payload });
    assert.ok(answer.statusCode < 300, answer.body);
    learn(answer.json());
    return answer.json<{ id: string }>().id;
  };

  for (let n = 0; n < 3; n += 1) {
    const account = await post('/accounts', { connector: 'folder', credentials: { folder } });
    const dataset = await post('/datasets?name=Sales', 'id,name\n1,Ada\n', 'text/csv');
    const source = { kind: 'local', datasetId: dataset };
    const plan = { name: `W${n}`, source, connector: 'folder', accountId: account, details: {} };
    const writebackId = await post('/writebacks', plan);
    await post('/alert-channels', { name: 'Team', kind: 'slack', credentials: { webhookUrl } });
    const run = { id: newId('run'), writebackId, version: 1, cause: 'manual' as const, dueAt: null };
    await db.transaction().execute((transaction) => startRun(transaction, parts.engine, run));
    await changeRun(db, run.id, { state: ['queued'] }, { state: 'canceled', finishedAt: new Date() });
    learn(run);
  }
  const [overRun] = ids['run']!;

  const all = () => Object.values(ids).flat();
  const known: Known = {
    id: all,
    ownerId: () => ids['person']!,
    personId: () => ids['person']!,
    accountId: () => ids['account']!,
    writebackId: () => ids['writeback']!,
    after: () => [...all(), '1', '1000', `${overRun}.1`],
    connector: () => ['folder', 'sftp', 'domo'],
    credentials: () => [
      { folder },
      { folder, path: 'x' },
      { hostname: 'x', username: 'y', password: 'z' },
      { webhookUrl },
    ],
    source: () => ids['dataset']!.map((datasetId) => ({ kind: 'local', datasetId })),
    details: () => [{}, { fileName: '{yyyy}' }, { path: '..' }],
    schedule: () => [
      {},
      { every: 'day', at: '06:00' },
      { every: 'minutes', interval: 15 },
      { every: 'success', writeback: ids['writeback']![0] },
      { every: 'cron', cronExpression: '0 0 30 2 *' },
    ],
    timeZone: () => ['UTC', 'Europe/Berlin'],
    query: () => ['select * from tbl', "select * from read_text('/etc/passwd')", 'select'],
  };

  /** The path, mostly with ids of the right kind: `/runs/{id}` asks for a run. */
  function pathOf({ url, method, operation }: Call): Arbitrary<string> {
    const kind = /\/api\/(?:\w+-)?(\w+?)s\//.exec(url)?.[1] ?? '';
    // A run that is not over would tell its lines without end.
    const endless = operation.operationId === 'runEvents';
    const right = () => (endless ? [overRun!] : (ids[kind] ?? all()));
    // The first of each kind stays.
    const first = method === 'DELETE' ? 1 : 0;
    const id = oneof(
      { weight: 6, arbitrary: integer({ min: first, max: 9 }).map((n) => right()[n] ?? right()[first]!) },
      { weight: 1, arbitrary: constantFrom('x', 'person_0', '0', '%00', '..%2f..', 'a'.repeat(65), '%') },
      { weight: 1, arbitrary: string({ minLength: 1 }).map((text) => encodeURIComponent(text)) },
    );
    return id.map((one) => url.replaceAll(/\{\w+\}/g, one));
  }

  // An object of any kind may have a `toString` that is none.
  const asText = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));

  function queryOf({ operation }: Call): Arbitrary<string> {
    const named = operation.parameters.filter((one) => one.in === 'query');
    const schema = { properties: Object.fromEntries(named.map(({ name, schema }) => [name, schema])) };
    return oneof(
      { weight: 5, arbitrary: valuesOf(schema, known) },
      { weight: 1, arbitrary: nonsense.map((value) => ({ limit: value, [asText(value)]: 1 })) },
    ).map((values) => {
      const entries = Object.entries(values ?? {}).map(([name, value]) => [name, asText(value)]);
      const search = new URLSearchParams(entries as [string, string][]).toString();
      return search && `?${search}`;
    });
  }

  function bodyOf({ operation }: Call): Arbitrary<{ type: string; payload: string } | undefined> {
    const content = Object.entries(operation.requestBody?.content ?? {});
    if (content.length === 0) return constantFrom(undefined);
    const [first, { schema }] = content[0]!;
    const isJson = first === 'application/json';
    const json = (value: Arbitrary<unknown>) => value.map((one) => JSON.stringify(one) ?? '');
    const good = isJson
      ? json(valuesOf(schema, known))
      : constantFrom('id,name\n1,Ada\n', 'a\tb\n1\t2\n', '{"a":1}\n', 'PAR1', '', '"', 'a,a\n1,2\n');
    const type = constantFrom(...content.map(([one]) => one));
    const odd = constantFrom('text/plain', 'multipart/form-data', 'application/json', 'text/csv', '*/*');
    return oneof(
      { weight: 8, arbitrary: record({ type, payload: good }) },
      { weight: 2, arbitrary: record({ type, payload: oneof(json(nonsense), string()) }) },
      { weight: 1, arbitrary: record({ type: odd, payload: good }) },
    );
  }

  const requestOf = (call: Call) =>
    record({
      url: pathOf(call),
      query: queryOf(call),
      body: bodyOf(call),
      person: oneof({ weight: 5, arbitrary: constantFrom(admin) }, constantFrom(...people.keys(), 'nobody')),
      key: oneof({ weight: 5, arbitrary: constantFrom(undefined) }, constantFrom('k1', 'k2', '')),
    }).map((request) => ({ ...request, call }));

  const seen = new Map<string, number>();

  async function ask({ call, url, query, body, person, key }: RequestOf) {
    const { operation, method } = call;
    const headers = {
      'x-person': person,
      ...(body && { 'content-type': body.type }),
      ...(key !== undefined && { 'idempotency-key': key }),
    };
    const payload = body && { payload: body.payload };
    const answer = await server.inject({
      method: method as 'GET',
      url: `${url}${query}`,
      headers,
      ...payload,
    });
    const { statusCode: status, body: text } = answer;
    const what = `${method} ${url}${query} ${JSON.stringify(body)} → ${status} ${text.slice(0, 500)}`;
    seen.set(operation.operationId, Math.min(seen.get(operation.operationId) ?? 999, status));
    assert.ok(status < 500, `${what}\n${logged.at(-1)}`);
    assert.doesNotMatch(text, /node_modules|\bat [^ ]+ \(|\.ts:\d+|root:x:0/, what);
    assert.ok(!text.includes(parts.dataFolder) || text.includes(folder), what);
    if (text === '') return;
    const type = String(answer.headers['content-type']).split(';')[0]!;
    if (status >= 400) {
      assert.equal(type, 'application/problem+json', what);
      return assert.ok(fits(document.components.schemas.Problem, answer.json()), what);
    }
    const declared = operation.responses[status]?.content?.[type];
    assert.ok(declared, what);
    if (type !== 'application/json') return;
    assert.ok(fits(declared.schema, answer.json()), what);
    learn(answer.json());
  }
  type RequestOf = ReturnType<typeof requestOf> extends Arbitrary<infer R> ? R : never;

  test(`${requests} of them: no 5xx, no trace of the code, and every answer as it is declared`, async () => {
    const request = oneof(...calls.map(requestOf));
    await holds(asyncProperty(request, ask), { numRuns: requests, endOnFailure: true });
    const reached = [...seen.values()].filter((status) => status < 300).length;
    assert.ok(reached > calls.length / 2, `only ${reached} of ${calls.length} calls were ever done`);
  });

  test('keys that are not declared are refused wherever a body is taken', async () => {
    for (const call of calls.filter(({ operation }) => operation.requestBody?.content['application/json'])) {
      const { schema } = call.operation.requestBody!.content['application/json']!;
      const required = Object.keys(schema.properties ?? {}).filter((name) => schema.required?.includes(name));
      for (const extra of ['role', 'ownerId', 'id', 'passwordHash', 'createdAt', 'constructor']) {
        if (schema.properties && Object.hasOwn(schema.properties, extra)) continue;
        const answer = await server.inject({
          method: call.method as 'POST',
          url: call.url.replaceAll(/\{\w+\}/g, 'x'),
          headers: { 'x-person': admin },
          payload: { ...Object.fromEntries(required.map((name) => [name, 'x'])), [extra]: 'admin' },
        });
        assert.equal(answer.statusCode, 400, `${call.operation.operationId} ${extra}: ${answer.body}`);
      }
    }
  });

  test('brackets without end are refused', async () => {
    const payload = `{"schedule":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}}`;
    const headers = { 'x-person': admin, 'content-type': 'application/json' };
    const answer = await server.inject({ method: 'POST', url: '/api/schedule/next-runs', headers, payload });
    assert.equal(answer.statusCode, 400, answer.body);
  });
});
