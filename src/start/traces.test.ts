import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startOtlp } from '../../test/servers/otlp-receiver.ts';
import {
  answers,
  ownConfiguration,
  password,
  startService,
  typed,
  yamlFolder,
} from '../../test/servers/started-service.ts';
import { dataFolder } from '../../test/servers/store-places.ts';

test(
  'a run stands in the trace of the call that started it, with its phases',
  { timeout: 600_000 },
  async () => {
    const collector = await startOtlp();
    after(() => collector.stop());
    const [mine, { yaml }] = [await ownConfiguration(), await yamlFolder()];
    const { setupUrl, end } = await startService({
      WRITEBACK_DATA: await dataFolder(),
      WRITEBACK_PORT: '0',
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      ...mine,
    });
    assert.equal((await typed(['setup'], mine, answers(setupUrl!))).code, 0);
    assert.equal((await typed(['apply', yaml], mine)).code, 0);
    const { code, err } = await typed(['run', 'People', '--follow'], mine);
    assert.equal(code, 0, err);
    assert.equal(await end('SIGTERM'), 0);

    const call = collector.spans.find(({ name }) => name === 'POST /api/writebacks/:id/run');
    const attempt = collector.spans.find(
      ({ traceId, name }) => traceId === call?.traceId && name.startsWith('run '),
    );
    assert.equal(attempt?.parentSpanId, call?.spanId);
    assert.deepEqual(
      [attempt?.facts['writeback.connector'], attempt?.facts['writeback.run.state']],
      ['folder', 'succeeded'],
    );
    const phases = collector.spans.filter(({ parentSpanId }) => parentSpanId === attempt?.spanId);
    assert.deepEqual(
      phases.map(({ name }) => name),
      ['prepared', 'described', 'moved'],
    );
    for (const { startTimeUnixNano, endTimeUnixNano } of phases) {
      assert.ok(BigInt(startTimeUnixNano) <= BigInt(endTimeUnixNano));
      assert.ok(BigInt(endTimeUnixNano) <= BigInt(attempt!.endTimeUnixNano));
    }
    const all = collector.texts.join('\n');
    const token = new URL(setupUrl!).searchParams.get('token')!;
    for (const secret of [password, token, 'Ada', 'people.csv']) assert.ok(!all.includes(secret), secret);
  },
);
