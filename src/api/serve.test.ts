import assert from 'node:assert/strict';
import { type AddressInfo } from 'node:net';
import { after, describe, test } from 'node:test';
import { Type } from 'typebox';
import { type Endpoint, endpoint } from '../contract/endpoint.ts';
import { permissions, roles, may } from '../contract/permission.ts';
import { byId, record } from '../contract/record.ts';
import { TemporaryError, UserError } from '../errors.ts';
import { createLog } from '../log.ts';
import type { Caller } from './caller.ts';
import { serve } from './serve.ts';

const thing = record({ id: Type.String(), size: Type.Integer() });

const contract = {
  readThing: endpoint({
    method: 'GET',
    path: '/things/{id}',
    permission: 'read',
    summary: '',
    params: byId,
    query: record({ limit: Type.Optional(Type.Integer({ maximum: 10, default: 5 })) }),
    answer: thing,
  }),
  makeThing: endpoint({
    method: 'POST',
    path: '/things',
    permission: 'edit',
    summary: '',
    body: record({ size: Type.Integer(), parts: Type.Optional(Type.Array(record({ name: Type.String() }))) }),
    answer: thing,
    status: 201,
  }),
  breakThing: endpoint({
    method: 'POST',
    path: '/things/{id}/break',
    permission: 'anyone',
    summary: '',
    params: byId,
    answer: Type.Null(),
    status: 204,
  }),
  watchThings: endpoint({
    method: 'GET',
    path: '/watch',
    permission: 'anyone',
    summary: '',
    answer: record({ id: Type.Integer(), text: Type.String() }),
    format: 'lines',
  }),
};

const errors: Record<string, Error> = {
  user: new UserError('thing-invalid', 'The thing is too heavy.', {
    field: 'details.size',
    remedy: 'Take less.',
  }),
  missing: new UserError('thing-not-found', 'There is no such thing.'),
  later: new TemporaryError('thing-busy', 'The thing is busy.'),
  down: Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), { code: 'ECONNREFUSED' }),
  bug: new Error('password=hunter22'),
};

const lines: string[] = [];
const callers: Record<string, Caller> = Object.fromEntries(
  roles.map((role) => [role, { personId: `person-${role}`, role }]),
);
callers['key'] = { personId: 'person-admin', role: 'admin', key: { id: 'k', permissions: ['read'] } };

const server = serve({
  contract,
  log: createLog((line) => lines.push(line)),
  identify: async ({ headers }) => callers[String(headers['authorization'])],
  handlers: {
    readThing: async ({ params, query }) => ({ id: params.id, size: query.limit ?? 0, secret: 'of the row' }),
    makeThing: async ({ body }) => ({ id: 'new', size: body.size }),
    breakThing: async ({ params }) => {
      const error = errors[params.id];
      if (error) throw error;
      return null;
    },
    async watchThings() {
      async function* events() {
        for (let id = 1; id <= 3; id += 1) yield { id, text: `number ${id}` };
      }
      return events();
    },
  },
});
after(() => server.close());

interface Sent {
  readonly method?: 'GET' | 'POST';
  readonly as?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

async function call(url: string, { method = 'GET', as, body, headers }: Sent = {}) {
  const answer = await server.inject({
    method,
    url: `/api${url}`,
    headers: { ...(as !== undefined && { authorization: as }), ...headers },
    ...(body !== undefined && { payload: body as object }),
  });
  return {
    status: answer.statusCode,
    headers: answer.headers,
    body: answer.body === '' ? null : answer.json(),
  };
}

describe('permissions', () => {
  test('each role reaches exactly what it is granted, and nobody only what anyone may', async () => {
    for (const role of [...roles, undefined])
      for (const { method, path, permission } of Object.values(contract as Record<string, Endpoint>)) {
        const url = path.replace('{id}', 'x');
        const body = path === '/things' ? { size: 1 } : undefined;
        const { statusCode } = await server.inject({
          method,
          url: `/api${url}`,
          headers: role === undefined ? {} : { authorization: role },
          ...(body && { payload: body }),
        });
        const allowed = may(role, permission);
        const refused = role === undefined ? 401 : 403;
        assert.equal(statusCode < 400, allowed, `${role} ${method} ${path}: ${statusCode}`);
        if (!allowed) assert.equal(statusCode, refused);
      }
  });

  test("a key may no more than it was made for, whatever its person's role", async () => {
    assert.equal((await call('/things/a', { as: 'key' })).status, 200);
    assert.equal((await call('/things', { method: 'POST', as: 'key', body: { size: 1 } })).status, 403);
  });

  test('a server with an endpoint that nobody handles, or without permission, does not start', () => {
    const rest = { identify: async () => undefined, log: createLog(() => {}) };
    assert.throws(() => serve({ contract, handlers: {} as never, ...rest }), /no handler/);
    const { permission: _, ...open } = contract.breakThing;
    const handlers = { open: async () => null };
    assert.throws(
      () => serve({ contract: { open: open as never }, handlers: handlers as never, ...rest }),
      /no permission/,
    );
    assert.ok(permissions.length > 0);
  });
});

describe('calls', () => {
  test('an answer has what its schema declares and nothing else', async () => {
    const { body, headers } = await call('/things/a?limit=7', { as: 'viewer' });
    assert.deepEqual(body, { id: 'a', size: 7 });
    assert.equal(headers['cache-control'], 'no-store');
    assert.match(String(headers['content-security-policy']), /default-src 'none'/);
  });

  test('wrong places are named by path', async () => {
    const wrong = { size: '3', color: 'red', parts: [{ name: 5 }] };
    const { status, body, headers } = await call('/things', { method: 'POST', as: 'editor', body: wrong });
    assert.equal(status, 400);
    assert.match(String(headers['content-type']), /^application\/problem\+json/);
    const paths = body.errors.map(({ path }: { path: string }) => path).toSorted();
    assert.deepEqual(paths, ['color', 'parts.0.name', 'size']);
  });

  test('texts that no database keeps and addresses that are none are the caller’s mistake', async () => {
    const name = async (text: string) =>
      call('/things', { method: 'POST', as: 'editor', body: { size: 1, parts: [{ name: text }] } });
    for (const text of ['a\0b', 'half \ud83d'])
      assert.deepEqual((await name(text)).body.errors, [
        { path: 'parts.0.name', message: 'has characters that are no text' },
      ]);
    assert.equal((await name('whole 😀')).status, 201);
    const { status, headers } = await call('/things/%', { as: 'viewer' });
    assert.equal(status, 400);
    assert.match(String(headers['content-type']), /^application\/problem\+json/);
  });

  test('bad queries, paths and bodies are the caller’s mistake', async () => {
    assert.equal((await call('/things/a?limit=11', { as: 'viewer' })).status, 400);
    assert.equal((await call('/things/a?limits=1', { as: 'viewer' })).status, 400);
    assert.equal((await call('/things/%20', { as: 'viewer' })).status, 400);
    assert.equal((await call('/thing', { as: 'viewer' })).status, 404);
    const json = { 'content-type': 'application/json' };
    assert.equal(
      (await call('/things', { method: 'POST', as: 'editor', body: '{"size":', headers: json })).status,
      400,
    );
    const large = { size: 1, parts: [{ name: 'x'.repeat(1_100_000) }] };
    assert.equal((await call('/things', { method: 'POST', as: 'editor', body: large })).status, 413);
  });

  test('told errors keep code, sentence, remedy and field; a bug tells nothing and is logged', async () => {
    const answer = (id: string) => call(`/things/${id}/break`, { method: 'POST' });
    const user = await answer('user');
    assert.equal(user.status, 422);
    assert.deepEqual([user.body.code, user.body.remedy], ['thing-invalid', 'Take less.']);
    assert.deepEqual(user.body.errors, [{ path: 'details.size', message: 'The thing is too heavy.' }]);
    assert.equal((await answer('missing')).status, 404);
    assert.equal((await answer('later')).status, 503);
    const down = await answer('down');
    assert.deepEqual([down.status, down.body.code], [503, 'store-unreachable']);
    const bug = await answer('bug');
    assert.equal(bug.status, 500);
    assert.doesNotMatch(JSON.stringify(bug.body), /hunter22|at .*\.ts/);
    assert.match(lines.join('\n'), /hunter22/);
  });

  test('who follows a link in a browser can read why it leads nowhere', async () => {
    const headers = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
    const { statusCode, body, headers: answered } = await server.inject({ url: '/api/<nothing>', headers });
    assert.equal(statusCode, 404);
    assert.match(String(answered['content-type']), /^text\/html/);
    assert.match(String(answered['content-security-policy']), /^default-src 'none'; style-src 'sha256-/);
    assert.match(body, /<h1>Not found<\/h1>\s*<p role="alert">There is no such call\./);
    assert.doesNotMatch(body, /<nothing>|<script/);
  });

  test('who calls is whom a named proxy says, and nobody else can say so', async () => {
    const seen: string[] = [];
    const rest = { log: createLog(() => {}), identify: async () => undefined };
    const handlers = {
      ask: async (_: unknown, { request }: { request: { ip: string } }) => {
        seen.push(request.ip);
        return null;
      },
    };
    const ask = { ...contract.breakThing, path: '/ask', params: undefined as never };
    for (const proxies of [undefined, ['10.0.0.0/8']]) {
      const behind = serve({ contract: { ask }, handlers, ...rest, ...(proxies && { proxies }) });
      for (const remoteAddress of ['10.1.2.3', '198.51.100.7']) {
        const headers = { 'x-forwarded-for': '203.0.113.9' };
        await behind.inject({ method: 'POST', url: '/api/ask', headers, remoteAddress });
      }
      await behind.close();
    }
    assert.deepEqual(seen, ['10.1.2.3', '198.51.100.7', '203.0.113.9', '198.51.100.7']);
  });

  test('another site cannot make a browser call', async () => {
    const post = (headers: Record<string, string>, body?: unknown) =>
      call('/things/x/break', { method: 'POST', headers, body });
    assert.equal((await post({ 'sec-fetch-site': 'cross-site' })).status, 403);
    assert.equal((await post({ 'sec-fetch-site': 'same-site' })).status, 403);
    assert.equal((await post({ 'sec-fetch-site': 'same-origin' })).status, 204);
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/json+x',
    ])
      assert.equal((await post({ 'content-type': type }, '{}')).status, 415, type);
  });

  test('events come as lines with their ids', async () => {
    await server.listen({ port: 0, host: '127.0.0.1' });
    const { port } = server.server.address() as AddressInfo;
    const answer = await fetch(`http://127.0.0.1:${port}/api/watch`);
    assert.equal(answer.headers.get('content-type'), 'text/event-stream');
    const text = await answer.text();
    assert.equal(text.split('\n\n')[1], 'id: 2\ndata: {"id":2,"text":"number 2"}');
  });
});
