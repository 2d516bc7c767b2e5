import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { KEEP, pieces } from '../../../test/encode-csv.ts';
import type { Column } from '../dataset.ts';

const source = new URL('../../', import.meta.url).pathname;
const folders: string[] = [];
after(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

/** The room as it is when no kernel was built, or when this stands in its place. */
async function roomWith(kernel: Uint8Array | undefined) {
  const folder = mkdtempSync(join(tmpdir(), 'writeback-no-kernel-'));
  folders.push(folder);
  for (const part of ['dataset', 'errors.ts', 'log.ts', '../package.json'])
    cpSync(join(source, part), join(folder, part.replace('../', '')), {
      recursive: true,
      filter: (path) => !path.endsWith('.wasm'),
    });
  if (kernel) writeFileSync(join(folder, 'dataset/kernel/kernel.wasm'), kernel);
  const module = (path: string) => import(pathToFileURL(join(folder, 'dataset', path)).href);
  const { batches } = (await module('batches.ts')) as typeof import('../batches.ts');
  const { warnWithoutKernel } = (await module(
    'kernel/kernel-module.ts',
  )) as typeof import('./kernel-module.ts');
  return { batches, warnWithoutKernel };
}

const columns: Column[] = [
  { name: 's', type: 'STRING' },
  { name: 'n', type: 'LONG' },
];

const refused = Buffer.from('\0asm\u0002\0\0\0');
for (const [state, kernel, why] of [
  ['there is no kernel', undefined, /ENOENT/],
  ['the kernel cannot be compiled', refused, /WebAssembly.Module/],
] as const)
  test(`where ${state}, TypeScript does its work and the log says so once`, async () => {
    const { batches, warnWithoutKernel } = await roomWith(kernel);
    const lines: string[] = [];
    for await (const batch of batches(pieces(Buffer.from('s,n\na,1\n"b",2\n')), columns))
      lines.push(Buffer.from(batch.jsonl(KEEP).bytes).toString());
    assert.deepEqual(lines, ['{"s":"a","n":1}\n{"s":"b","n":2}\n']);
    const warned: unknown[][] = [];
    const log = { info: assert.fail, hide: assert.fail, warn: (...words: unknown[]) => warned.push(words) };
    warnWithoutKernel(log);
    warnWithoutKernel(log);
    const [[text, fields] = []] = warned;
    assert.equal(warned.length, 1);
    assert.match(String(text), /CSV is read by TypeScript/);
    assert.match((fields as { why: string }).why, why);
  });

test('where the kernel was built, the log says nothing', async () => {
  const { warnWithoutKernel } = await import('./kernel-module.ts');
  warnWithoutKernel({ info: assert.fail, hide: assert.fail, warn: assert.fail });
});
