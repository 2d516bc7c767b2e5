import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startOtlp } from '../../test/servers/otlp-receiver.ts';
import { quiet } from '../../test/servers/store-places.ts';
import { type Handler, serve } from '../api/serve.ts';
import { record } from '../contract/record.ts';
import { endpoint } from '../contract/endpoint.ts';
import { createLog } from '../log.ts';
import { Type } from 'typebox';
import { openTraces } from './open-traces.ts';
import { traceSettings } from './trace-settings.ts';

const collector = await startOtlp();
after(() => collector.stop());
const settings = {
  endpoint: collector.url,
  headers: { authorization: 'Bearer t0ken-of-the-collector' },
  service: 'nightly',
};

async function withTraces(
  use: (traces: Awaited<ReturnType<typeof openTraces>>) => unknown,
  log = quiet,
  endpointUrl = collector.url,
) {
  await using stack = new AsyncDisposableStack();
  await use(await openTraces({ ...settings, endpoint: endpointUrl }, { log, version: '1.2.3' }, stack));
}

const named = (name: string) => collector.spans.find((span) => span.name === name)!;

test('a span comes with its facts, its pieces and its place in the trace, at the latest at the end', async () => {
  const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const now = Date.now();
  let inner = '';
  await withTraces((traces) => {
    const span = traces.begin({
      name: 'outer',
      kind: 'consumer',
      parent,
      facts: { one: 1, none: undefined },
    });
    span.piece('first', now - 2000, now - 500);
    const inside = traces.begin({ name: 'inner', kind: 'consumer', parent: span.traceparent });
    inner = inside.traceparent;
    inside.end({}, 'sftp-refused');
    span.end({ two: 'b' });
  });
  const [outer, piece, inside] = [named('outer'), named('first'), named('inner')];
  assert.deepEqual([outer.traceId, outer.parentSpanId], [parent.slice(3, 35), parent.slice(36, 52)]);
  assert.deepEqual(outer.facts, { one: 1, two: 'b' });
  assert.deepEqual([piece.parentSpanId, inside.parentSpanId], [outer.spanId, outer.spanId]);
  assert.equal(BigInt(piece.endTimeUnixNano) - BigInt(piece.startTimeUnixNano), 1_500_000_000n);
  assert.deepEqual([inside.status.code, inside.facts], [2, { 'error.type': 'sftp-refused' }]);
  assert.equal(inner, `00-${inside.traceId}-${inside.spanId}-01`);
  assert.deepEqual(
    [collector.resource['service.name'], collector.resource['service.version']],
    ['nightly', '1.2.3'],
  );
  assert.equal(collector.headers['authorization'], 'Bearer t0ken-of-the-collector');
});

test('what is no traceparent begins a trace of its own; a caller that records nothing is followed', async () => {
  const before = collector.spans.length;
  await withTraces((traces) => {
    for (const parent of [
      '',
      'x',
      `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
      `01-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
    ])
      traces.begin({ name: 'own', kind: 'server', parent }).end();
    const silent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00';
    traces.begin({ name: 'silent', kind: 'server', parent: silent }).end();
  });
  const came = collector.spans.slice(before);
  assert.deepEqual(
    came.map(({ name, parentSpanId }) => [name, parentSpanId]),
    Array.from({ length: 4 }, () => ['own', undefined]),
  );
});

test('a call is told by its route, without what its address holds', async () => {
  const hello = endpoint({
    method: 'GET',
    path: '/things/{id}',
    permission: 'anyone',
    summary: 'A thing.',
    params: record({ id: Type.String() }),
    query: record({ token: Type.Optional(Type.String()) }),
    answer: record({ traceparent: Type.Optional(Type.String()) }),
  });
  const answer: Handler<typeof hello> = async ({ params: { id } }, { traceparent }) => {
    if (id === 'broken') throw new Error('a bug');
    return { ...(traceparent !== undefined && { traceparent }) };
  };
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  const before = collector.spans.length;
  let body = { traceparent: '' };
  await withTraces(async (traces) => {
    const identify = async () => undefined;
    const server = serve({ contract: { hello }, handlers: { hello: answer }, identify, log: quiet, traces });
    const get = (url: string) => server.inject({ url, headers: { traceparent } });
    body = (await get('/api/things/n0b0dys?token=s3cr3t')).json();
    await get('/api/things/broken');
    await get('/api/n0where');
    await server.close();
  });
  const came = collector.spans.slice(before);
  assert.deepEqual(
    came.map(({ name, facts, status }) => [name, facts['http.response.status_code'], status.code]),
    [
      ['GET /api/things/:id', 200, 0],
      ['GET /api/things/:id', 500, 2],
      ['GET', 404, 0],
    ],
  );
  assert.ok(came.every(({ traceId, kind }) => traceparent.includes(traceId) && kind === 2));
  assert.equal(body.traceparent, `00-${came[0]?.traceId}-${came[0]?.spanId}-01`);
  assert.doesNotMatch(collector.texts.at(-1)!, /n0b0dys|s3cr3t|n0where/);
});

test('a collector that is away or refuses is told in the log, without its secrets, and holds nothing up', async () => {
  const lines: string[] = [];
  const log = createLog((line) => lines.push(line));
  collector.status = 401;
  await withTraces((traces) => traces.begin({ name: 'lost', kind: 'server' }).end(), log);
  collector.status = 200;
  await withTraces(
    (traces) => traces.begin({ name: 'lost', kind: 'server' }).end(),
    log,
    'http://127.0.0.1:9',
  );
  assert.ok(lines.length >= 2, lines.join('\n'));
  assert.doesNotMatch(lines.join('\n'), /t0ken-of-the-collector/);
});

test('the environment names the collector, its headers and the service', () => {
  const reading = (given: Record<string, string>) => {
    Object.assign(process.env, given);
    try {
      return traceSettings();
    } finally {
      for (const name of Object.keys(given)) delete process.env[name];
    }
  };
  assert.equal(reading({ OTEL_SERVICE_NAME: 'x' }), undefined);
  const endpointName = 'OTEL_EXPORTER_OTLP_ENDPOINT';
  assert.deepEqual(
    reading({ [endpointName]: 'http://c:4318/', OTEL_EXPORTER_OTLP_HEADERS: 'a=b%3D, c=d=e' }),
    {
      endpoint: 'http://c:4318',
      headers: { a: 'b=', c: 'd=e' },
      service: 'writeback',
    },
  );
  for (const wrong of [
    { [endpointName]: 'c:4318' },
    { [endpointName]: 'http://c', OTEL_EXPORTER_OTLP_HEADERS: 'a=%' },
  ])
    assert.throws(() => reading(wrong), { code: 'config-traces' });
});
