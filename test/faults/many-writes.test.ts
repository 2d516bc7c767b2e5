import assert from 'node:assert/strict';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { standInTargets } from '../servers/stand-in-targets.ts';
import { held, heldSince, runInto } from './whole-run.ts';

const folder = await mkdtemp(join(tmpdir(), 'writeback-many-'));
process.env['TMPDIR'] = join(folder, 'temporary');
await mkdir(process.env['TMPDIR']);
after(() => rm(folder, { recursive: true }));

const files = 200;
const rowsOf = (number: number) => 1 + (number % 7);

async function writeSources(): Promise<string[]> {
  const paths = Array.from({ length: files }, (_, number) => join(folder, `${number}.csv`));
  for (const [number, path] of paths.entries()) {
    const rows = Array.from({ length: rowsOf(number) }, (_, row) => `${number},${row}\n`);
    await writeFile(path, `file,row\n${rows.join('')}`);
  }
  return paths;
}

const paths = await writeSources();
const linux = process.platform === 'linux';

for (const [name, open] of Object.entries(standInTargets)) {
  const field = { mongodb: 'customCollectionName', sftp: 'filename' }[name] ?? 'fileName';
  const place = (number: number) => ({ [field]: `many_${number}` });
  test(
    `${files} small writes at once, all to one ${name}, all succeed, and nothing stays open`,
    { timeout: 120_000 },
    async (context) => {
      const target = await open();
      context.after(() => target.close());
      const run = (number: number) => {
        const source = { kind: 'local', path: paths[number] };
        return runInto(target, { source, details: place(number), runId: `run ${number}` });
      };
      await run(0);
      const before = linux ? held() : [];
      const receipts = await Promise.all(paths.map((_, number) => run(number)));
      for (const [number, { status, rowsWritten, location }] of receipts.entries()) {
        assert.deepEqual([status, rowsWritten], ['succeeded', rowsOf(number)]);
        assert.match(location.join(), new RegExp(`many_${number}(\\.csv)?$`));
      }
      if (linux) assert.deepEqual(await heldSince(before), []);
      const left = (await target.leftovers()).filter((one) => !/^many_\d+(\.csv)?$/.test(one));
      assert.deepEqual(left, []);
    },
  );
}
