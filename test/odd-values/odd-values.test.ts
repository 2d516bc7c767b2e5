import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type ConformanceTarget, deliverRows } from '../../src/connector/conformance.ts';
import { assertSameRows } from '../../src/connector/conformance/assertions.ts';
import { createTrial } from '../../src/connector/conformance/trial.ts';
import type { Column } from '../../src/dataset/dataset.ts';
import { standInTargets } from '../servers/stand-in-targets.ts';

const require = createRequire(import.meta.url);
const naughty = require('big-list-of-naughty-strings') as readonly string[];
const spectrum = dirname(require.resolve('csv-spectrum'));

/** All files of csv-spectrum but one, whose quotes stand inside an unquoted cell: that is refused. */
const readable = [
  'comma_in_quotes',
  'empty',
  'empty_crlf',
  'escaped_quotes',
  'json',
  'newlines',
  'newlines_crlf',
  'quotes_and_newlines',
  'simple',
  'simple_crlf',
  'utf8',
];

type SpectrumRecord = Record<string, string>;

async function spectrumFile(name: string) {
  const json = JSON.parse(await readFile(join(spectrum, 'json', `${name}.json`), 'utf8')) as
    | SpectrumRecord
    | SpectrumRecord[];
  const records = Array.isArray(json) ? json : [json];
  const columns = Object.keys(records[0] ?? {}).map((name): Column => ({ name, type: 'STRING' }));
  const bytes = await readFile(join(spectrum, 'csvs', `${name}.csv`));
  return { columns, bytes, rows: records.map((record) => Object.values(record)) };
}

async function* inBytes(bytes: Buffer) {
  for (let at = 0; at < bytes.length; at += 3) yield Buffer.from(bytes.subarray(at, at + 3));
}

function oddValueTests(target: () => ConformanceTarget): void {
  test('every naughty string survives', async () => {
    const columns: Column[] = ['number', 'text', 'again'].map((name) => ({ name, type: 'STRING' }));
    const rows = naughty.map((text, index) => [String(index), text, `${text},"${text}"\r\n${text}`]);
    await deliverRows(target(), columns, rows, { runId: 'naughty' });
    assertSameRows(await target().stored(), rows, columns);
  });

  for (const file of readable) {
    test(`csv-spectrum ${file} survives`, async () => {
      const { columns, bytes, rows } = await spectrumFile(file);
      await createTrial(target()).deliverBody(columns, inBytes(bytes), { runId: file });
      const stored = (await target().stored())?.map((row) => row.map((cell) => cell ?? ''));
      assertSameRows(stored, rows, columns);
    });
  }

  test('csv-spectrum location_coordinates is refused, because its quotes stand inside an unquoted cell', async () => {
    const before = await target().stored();
    const { columns, bytes } = await spectrumFile('location_coordinates');
    const work = createTrial(target()).deliverBody(columns, inBytes(bytes), { runId: 'refused' });
    await assert.rejects(work, { name: 'UserError', row: 1 });
    assert.deepEqual(await target().stored(), before);
    assert.deepEqual(await target().leftovers(), []);
  });
}

for (const [name, open] of Object.entries(standInTargets)) {
  describe(`${name}: odd values`, () => {
    let target: ConformanceTarget;
    before(async () => {
      target = await open();
    });
    after(() => target.close());
    oddValueTests(() => target);
  });
}
