import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type ConformanceTarget, deliverRows } from '../../src/connector/conformance.ts';
import { assertSameRows } from '../../src/connector/conformance/assertions.ts';
import { plainColumns, plainRows } from '../../src/connector/conformance/rows.ts';
import { standInTargets } from '../servers/stand-in-targets.ts';
import { type Toxic, type Toxiproxy, startToxiproxy } from '../servers/toxiproxy.ts';

/** Faults that only slow a run down. */
const slow: Readonly<Record<string, Toxic>> = {
  'with latency': { type: 'latency', stream: 'downstream', attributes: { latency: 40, jitter: 10 } },
  'cut into small packets': {
    type: 'slicer',
    stream: 'upstream',
    attributes: { average_size: 1_000, size_variation: 500, delay: 10 },
  },
};

/** Faults that no run survives. */
const fatal: Readonly<Record<string, Toxic>> = {
  'cut on the way up': { type: 'limit_data', stream: 'upstream', attributes: { bytes: 700_000 } },
  'reset by the peer': { type: 'reset_peer', stream: 'upstream', attributes: { timeout: 0 } },
};

const rows = plainRows(1_500, 'after');
const earlier = plainRows(100, 'before');

function faultTests(target: () => ConformanceTarget, proxy: Toxiproxy): void {
  const through = async (toxic: Toxic) => {
    const { host, port } = await proxy.before(target().endpoint, toxic);
    return { runId: 'after', credentials: target().via(host, port) };
  };
  for (const [title, toxic] of Object.entries(slow)) {
    test(`rows arrive ${title}`, async () => {
      await deliverRows(target(), plainColumns, rows, await through(toxic));
      assertSameRows(await target().stored(), rows, plainColumns);
    });
  }
  for (const [title, toxic] of Object.entries(fatal)) {
    test(`a connection ${title} changes nothing, and the same run again is whole`, async () => {
      await deliverRows(target(), plainColumns, earlier, { runId: 'before' });
      const broken = deliverRows(target(), plainColumns, rows, await through(toxic));
      await assert.rejects(broken, { name: 'TemporaryError' });
      assertSameRows(await target().stored(), earlier, plainColumns);
      await deliverRows(target(), plainColumns, rows, { runId: 'after' });
      assertSameRows(await target().stored(), rows, plainColumns);
      assert.deepEqual(await target().leftovers(), []);
    });
  }
}

const proxy = await startToxiproxy();
if (!proxy) {
  console.error('MISSING real server: toxiproxy (test/servers/install/toxiproxy.sh)');
  test('toxiproxy is installed', () => assert.ok(!process.env['CI'], 'toxiproxy is missing'));
} else {
  after(() => proxy.stop());
  for (const name of ['mongodb', 's3-unload', 'sftp', 'data-world']) {
    const open = standInTargets[name];
    assert.ok(open, name);
    describe(`${name} through toxiproxy`, () => {
      let target: ConformanceTarget;
      before(async () => {
        target = await open();
      });
      after(() => target.close());
      faultTests(() => target, proxy);
    });
  }
}
