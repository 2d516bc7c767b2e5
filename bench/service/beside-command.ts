import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mixedColumns } from '../../test/data/mixed-rows.ts';
import type { Data } from '../data.ts';
import { benchSecret } from '../far/far.ts';
import { type Judged, atLeast } from '../figures.ts';
import { measure, median } from '../measure.ts';
import type { Far } from '../rig.ts';
import type { Place } from './data-place.ts';
import { credentialsOf, ended, runNow } from './writes.ts';

const main = new URL('../../dist/main.js', import.meta.url).pathname;
const wanted = 0.95;

/** The same writeback as a file. */
async function writeFileOf({ folder }: Place, { csv }: Data, far: Far): Promise<string> {
  const columns = Object.fromEntries(mixedColumns.map(({ name, type }) => [name, type]));
  const file = join(folder, 'large.yaml');
  const writeback = {
    name: 'Large',
    source: { kind: 'local', path: csv, columns },
    connector: 's3-unload',
    credentials: { ...credentialsOf(far), secretKey: '${BENCH_SECRET}' },
    details: { path: 'bench', fileName: 'large' },
  };
  await writeFile(file, JSON.stringify(writeback));
  return file;
}

/** A run by the API, from the call until the run is over, beside `writeback run`, from its start to its end; in turn. */
export async function besideCommand(
  place: Place,
  {
    url,
    writebackId,
    data,
    far,
    rounds,
  }: { url: string; writebackId: string; data: Data; far: Far; rounds: number },
): Promise<Judged[]> {
  const file = await writeFileOf(place, data, far);
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const words = [main, 'run', file, '--json', '--run-id', `bench-${performance.now()}`];
    const command = await measure({
      command: process.execPath,
      words,
      environment: { BENCH_SECRET: benchSecret },
    });
    const begun = performance.now();
    const run = await ended(place, await runNow(url, place, writebackId), data);
    // By the run's own clock at its end, for it is looked at only now and then.
    const seconds = (run.finishedAt!.getTime() - (Date.now() - (performance.now() - begun))) / 1000;
    ratios.push(command.seconds / seconds);
  }
  const line = `a run through the service ≥ ${wanted} × writeback run, ${data.rows / 1e6} M rows from file to S3, both from the call to the end`;
  return [atLeast(line, median(ratios), wanted, (value) => `${value.toFixed(2)} ×`)];
}
