// What must arrive, found by code that is not ours: csv-parse and the bson package.
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { serialize } from 'bson';
import { parse } from 'csv-parse';
import { mixedColumns } from '../test/data/mixed-rows.ts';
import type { Data } from './data.ts';
import { typedValue } from './rivals/typed-value.ts';

/** CRC-32s of what a file's rows are at the far end. */
export interface Expected {
  readonly file: number;
  /** The sum over all documents, without length and `_id`, as the far end makes it. */
  readonly documents: number;
}

interface Cell {
  readonly text: string;
  readonly quoted: boolean;
}

/** An empty cell is null, `""` an empty text. */
function documentOf(cells: readonly Cell[]): Record<string, unknown> {
  const values = mixedColumns.map(({ name, type }, index): [string, unknown] => {
    const { text, quoted } = cells[index] as Cell;
    if (text === '') return [name, quoted ? '' : null];
    return [name, typedValue(type, text)];
  });
  return Object.fromEntries(values);
}

/** Reads the file twice; for small files. */
export async function expectedOf({ csv }: Data): Promise<Expected> {
  const parser = parse({ fromLine: 2, cast: (text, { quoting }): unknown => ({ text, quoted: quoting }) });
  let documents = 0;
  for await (const cells of createReadStream(csv).pipe(parser)) {
    const bytes = serialize(documentOf(cells as Cell[])).subarray(4);
    documents = (documents + crc32(bytes)) >>> 0;
  }
  return { file: crc32(await readFile(csv)), documents };
}
