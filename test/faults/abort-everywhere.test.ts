import assert from 'node:assert/strict';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { ConformanceTarget } from '../../src/connector/conformance.ts';
import { mixedColumns, mixedCsv } from '../data/mixed-rows.ts';
import { startDomo } from '../servers/domo-stand-in.ts';
import { startMinio } from '../servers/minio.ts';
import { s3Target } from '../servers/s3-target.ts';
import { sftpTarget } from '../servers/sftp-target.ts';
import { startSshd } from '../servers/sshd.ts';
import { standInTargets } from '../servers/stand-in-targets.ts';
import { held, heldSince, runInto } from './whole-run.ts';

const skip = process.platform === 'linux' ? false : 'what a process holds is read from /proc';

// Nobody else writes there: what a run leaves is seen.
const folder = await mkdtemp(join(tmpdir(), 'writeback-abort-'));
process.env['TMPDIR'] = join(folder, 'temporary');
await mkdir(process.env['TMPDIR']);
const path = join(folder, 'orders.csv');
const rows = 20_000;
await writeFile(path, [...mixedCsv(rows)]);
const domo = await startDomo();
const { id } = await domo.addDataset({
  name: 'Orders',
  columns: mixedColumns,
  csvFile: path,
  rowCount: rows,
});
after(async () => {
  await domo.stop();
  await rm(folder, { recursive: true });
});

const columns = Object.fromEntries(mixedColumns.map(({ name, type }) => [name, type]));
const sources = {
  'a file': { kind: 'local', path, columns },
  'a query': { kind: 'local', path, columns, query: 'select * from tbl where quantity > 0 order by id desc' },
  Domo: { kind: 'domo', ...domo.account, datasetId: id },
};

/** Aborts of one way. A run takes as long as it takes, so they fall into all of its stages. */
const aborts = 12;

/** Runs once to its end, to warm up and to take its time, which is given in milliseconds. */
async function timeOf(target: ConformanceTarget, source: object, details: object): Promise<number> {
  await runInto(target, { source, details, runId: 'first' });
  const begun = performance.now();
  await runInto(target, { source, details, runId: 'second' });
  return performance.now() - begun;
}

/** Rejects with the abort's reason, or is over before it. */
async function runAborted(target: ConformanceTarget, source: object, details: object, after: number) {
  const reason = new Error('cancelled by the test');
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(reason), after);
  try {
    await runInto(target, { source, details, runId: `after ${after}`, signal: controller.signal });
  } catch (error) {
    assert.equal(error, reason);
  } finally {
    clearTimeout(timer);
  }
}

function abortTests(name: string, open: () => Promise<ConformanceTarget>, details: object = {}): void {
  describe(`an abort at any time leaves nothing open and nothing half-published: ${name}`, { skip }, () => {
    for (const [title, source] of Object.entries(sources)) {
      test(`from ${title}`, { timeout: 120_000 }, async () => {
        const target = await open();
        try {
          const time = await timeOf(target, source, details);
          // Who looks keeps a connection of its own.
          await target.leftovers();
          const before = held();
          for (let turn = 0; turn < aborts; turn += 1) {
            const at = (time * turn) / aborts;
            await runAborted(target, source, details, at);
            assert.deepEqual(
              await heldSince(before),
              [],
              `after ${Math.round(at)} ms of ${Math.round(time)}`,
            );
            assert.deepEqual(await target.leftovers(), []);
          }
          const { status, rowsRead } = await runInto(target, { source, details, runId: 'last' });
          assert.equal(status, 'succeeded');
          assert.ok(rowsRead > 0);
        } finally {
          await target.close();
        }
      });
    }
  });
}

for (const [name, open] of Object.entries(standInTargets)) abortTests(name, open);
const sshd = await startSshd();
if (sshd) abortTests('sftp on sshd', async () => sftpTarget(sshd));
const minio = await startMinio();
if (minio) abortTests('s3-unload on MinIO', async () => s3Target({ ...minio, stop: async () => {} }));
after(() => Promise.all([sshd?.stop(), minio?.stop()]));
abortTests('Parquet in a folder', standInTargets['folder']!, { fileFormat: 'parquet' });
abortTests('gzip in S3', standInTargets['s3-unload']!, { compression: 'gzip' });
