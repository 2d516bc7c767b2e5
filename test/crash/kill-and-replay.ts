import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConformanceTarget, StoredRow } from '../../src/connector/conformance.ts';
import type { Fields } from '../../src/field/field.ts';
import { mixedColumns, mixedCsv } from '../data/mixed-rows.ts';
import { ownValues } from '../servers/own-values.ts';

const main = new URL('../../src/main.ts', import.meta.url).pathname;

/** Puts secrets into the environment of the child, as a person would; the rest stands in the file. */
function withoutSecrets(
  values: Record<string, unknown>,
  fields: Fields,
  environment: Record<string, string>,
) {
  return Object.fromEntries(
    Object.entries(values).map(([id, value]) => {
      if (fields[id]?.type !== 'secret') return [id, value];
      const name = `CRASH_TEST_${id.toUpperCase()}`;
      environment[name] = String(value);
      return [id, `\${${name}}`];
    }),
  );
}

/** A writeback file (JSON is YAML) beside a CSV of `rows` rows; both are the same for every run. */
async function prepare(target: ConformanceTarget, folder: string, name: string, rows: number) {
  const environment: Record<string, string> = {};
  const own = ownValues(target);
  const csv = join(folder, `${name}.csv`);
  await writeFile(csv, Buffer.concat([...mixedCsv(rows)]));
  const columns = Object.fromEntries(mixedColumns.map((column) => [column.name, column.type]));
  const writeback = {
    id: 'crash',
    name: 'Crash test',
    source: { kind: 'local', path: csv, name: 'crash', columns },
    connector: target.connector.id,
    credentials: withoutSecrets(own.credentials, target.connector.credentials, environment),
    details: withoutSecrets(own.details, target.connector.details, environment),
  };
  const path = join(folder, `${name}.yaml`);
  await writeFile(path, JSON.stringify(writeback));
  return { path, environment };
}

type Prepared = Awaited<ReturnType<typeof prepare>>;

/** Runs the command; after `killAfter` milliseconds it is killed the way a power cut kills. */
async function command(
  { path, environment }: Prepared,
  killAfter?: number,
): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [main, 'run', path, '--json'], {
    env: { ...process.env, ...environment },
  });
  let output = '';
  child.stdout.on('data', (text: Buffer) => (output += text.toString()));
  child.stderr.on('data', (text: Buffer) => (output += text.toString()));
  const timer = killAfter === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfter);
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(timer);
  return { code, output };
}

async function cleanRun(prepared: Prepared, target: ConformanceTarget): Promise<readonly StoredRow[]> {
  const { code, output } = await command(prepared);
  assert.equal(code, 0, output);
  assert.deepEqual(await target.leftovers(), [], 'something temporary is left');
  const stored = await target.stored();
  assert.ok(stored);
  return stored;
}

/**
 * Kills runs of two DataSets in turn at random moments, each followed by the same run again. After a kill a reader finds
 * what was there before or all of the new, never a part; after the replay exactly the new, and nothing temporary.
 */
export async function killAndReplay(
  open: () => Promise<ConformanceTarget>,
  kills: number,
  rows: number,
): Promise<void> {
  const target = await open();
  const folder = await mkdtemp(join(tmpdir(), 'writeback-crash-'));
  try {
    const odd = await prepare(target, folder, 'odd', rows);
    const even = await prepare(target, folder, 'even', rows + 1_000);
    const started = performance.now();
    const clean = [await cleanRun(even, target), await cleanRun(odd, target)] as const;
    const duration = (performance.now() - started) / 2;
    let before: readonly StoredRow[] = clean[1];
    for (let kill = 0; kill < kills; kill += 1) {
      const [prepared, expected] = kill % 2 === 0 ? [even, clean[0]] : [odd, clean[1]];
      // Starting takes about a third of the time; a kill before the first byte shows nothing.
      await command(prepared, duration * (0.25 + 0.75 * Math.random()));
      const seen = await target.stored();
      assert.ok(
        [before.length, expected.length].includes(seen?.length ?? 0),
        `a reader saw ${seen?.length} rows`,
      );
      assert.deepEqual(await cleanRun(prepared, target), expected);
      before = expected;
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
    await target.close();
  }
}
