import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CellIndex, indexRecords } from '../cell-index.ts';
import { kernelModule } from './kernel-module.ts';
import { Kernel } from './kernel.ts';

/** All texts of so many characters. */
const texts = (length: number): string[] =>
  length === 0
    ? ['']
    : texts(length - 1).flatMap((text) => ['"', ',', '\r', '\n', 'x'].map((character) => text + character));

/** What is in an index, as far as it is filled. */
const filled = ({ rows, columns, starts, ends, flags, rowEnds }: CellIndex) => {
  const cells = rows * columns;
  return [starts.slice(0, cells), ends.slice(0, cells), flags.slice(0, cells), rowEnds.slice(0, rows)].map(
    String,
  );
};

test('every text of four characters at the border of 64 bytes is scanned as by the reference', () => {
  const module = kernelModule();
  assert(module);
  const cases = texts(4).flatMap((text) =>
    [58, 59, 60, 61, 62, 63, 64].flatMap((pad) => ['', '"'].map((open) => open + 'x'.repeat(pad) + text)),
  );
  for (const columns of [1, 2]) {
    const kernel = new Kernel(module, columns, 0, 256);
    for (const one of cases) {
      const csv = Buffer.from(one);
      const expected = new CellIndex(columns);
      const outcome = indexRecords(csv, 0, csv.length, expected, { final: true });
      kernel.block.set(csv);
      kernel.index.clear();
      assert.deepEqual(kernel.scan(0, csv.length, true, Infinity), outcome, JSON.stringify(one));
      assert.deepEqual(filled(kernel.index), filled(expected), JSON.stringify(one));
      kernel.index.clear();
      assert.deepEqual(kernel.count(0, csv.length, true), outcome, JSON.stringify(one));
      assert.equal(kernel.index.rows, expected.rows, JSON.stringify(one));
    }
  }
});

test('ordinary records are scanned by the kernel, whatever their line ends and quotes', () => {
  const module = kernelModule();
  assert(module);
  const records = ['a,"b"\r\n', '"a ""b""",c\n', '"a\n\r\n,",\r\n', `${'x'.repeat(61)},y\r\n`, '"",""\n'];
  for (const part of [...records, records.join('')]) {
    const csv = Buffer.from(part.repeat(300));
    const kernel = new Kernel(module, 2, 2, csv.length);
    kernel.block.set(csv);
    const rows = part === records.join('') ? 1500 : 300;
    assert.deepEqual(kernel.scan(0, csv.length, true, Infinity), { consumed: csv.length });
    assert.deepEqual([kernel.index.rows, kernel.leftToReference], [rows, 0], part);
    kernel.index.clear();
    assert.deepEqual(kernel.count(0, csv.length, true), { consumed: csv.length });
    assert.deepEqual([kernel.index.rows, kernel.leftToReference], [rows, 0], part);
  }
});
