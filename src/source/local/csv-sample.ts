import { createReadStream } from 'node:fs';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { UserError } from '../../errors.ts';
import type { FileKind } from './file-kind.ts';
import { explainFileError } from './local-files.ts';

/** What the head of a delimited file shows. */
export interface CsvSample {
  readonly delimiter: string;
  readonly header: readonly string[];
  /** The whole rows of the head. To cut a megabyte into cells takes longer than to open DuckDB: only who needs them asks. */
  readonly rows: () => readonly (readonly (string | null)[])[];
}

const sampleBytes = 1024 * 1024;

async function headOf(path: string, { compression }: FileKind): Promise<{ text: string; whole: boolean }> {
  const file = createReadStream(path, { highWaterMark: 256 * 1024 });
  const unpack = { none: () => undefined, gzip: createGunzip, zstd: createZstdDecompress }[compression]();
  if (unpack) file.on('error', (error) => unpack.destroy(error));
  const stream = unpack ? file.pipe(unpack) : file;
  const decoder = new TextDecoder('utf-8');
  let text = '';
  let bytes = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      text += decoder.decode(chunk, { stream: true });
      bytes += chunk.length;
      if (bytes >= sampleBytes) return { text, whole: false };
    }
  } catch (error) {
    throw explainFileError(error, path);
  } finally {
    file.destroy();
    unpack?.destroy();
  }
  return { text: text + decoder.decode(), whole: true };
}

/** A comma unless the first line has none and another usual delimiter. */
function delimiterOf(text: string): string {
  const line = (/^("[^"]*"|[^"\r\n])*/u.exec(text)?.[0] ?? '').replaceAll(/"[^"]*"/gu, '');
  return [',', ';', '\t', '|'].find((delimiter) => line.includes(delimiter)) ?? ',';
}

/** One cell, quoted or not, and what ends it. */
function cellPattern(delimiter: string): RegExp {
  const stop = delimiter === '|' ? '\\|' : delimiter;
  return new RegExp(
    `(?:"((?:[^"]|"")*)"([^${stop}\\r\\n]*)|([^${stop}\\r\\n]*))(${stop}|\\r\\n|\\n|\\r|$)`,
    'yu',
  );
}

function cellOf([, quoted, tail, bare]: RegExpExecArray): string | null {
  if (quoted !== undefined) return quoted.replaceAll('""', '"') + tail;
  return bare === '' || bare === '\\N' ? null : bare!;
}

/** Records of the text; blank lines left out, and the last record too when the text is only a head. */
function* recordsOf(
  text: string,
  delimiter: string,
  whole: boolean,
): Generator<(string | null)[], undefined> {
  const pattern = cellPattern(delimiter);
  let [last, record]: [(string | null)[] | undefined, (string | null)[]] = [undefined, []];
  while (pattern.lastIndex < text.length) {
    const found = pattern.exec(text);
    if (found === null) break;
    record.push(cellOf(found));
    if (found[4] === delimiter && pattern.lastIndex < text.length) continue;
    if (found[4] === delimiter) record.push(null);
    if (record.length > 1 || record[0] !== null) {
      if (last !== undefined) yield last;
      last = record;
    }
    record = [];
  }
  if (whole && last !== undefined) yield last;
}

function checkHeader(header: readonly (string | null)[], path: string): string[] {
  const remedy = 'Give every column a name of its own in the first line.';
  const empty = header.findIndex((name) => name === null || name === '');
  if (empty >= 0) {
    throw new UserError('local-empty-column-name', `Column ${empty + 1} of ${path} has no name.`, { remedy });
  }
  const names = header as string[];
  const double = names.find((name, index) => names.indexOf(name) !== index);
  if (double === undefined) return names;
  throw new UserError('local-duplicate-column', `Two columns of ${path} are called “${double}”.`, {
    remedy,
    column: double,
  });
}

/**
 * Header and first rows (about 1 MB) of a CSV or TSV file. Throws UserError `local-empty-file`,
 * `local-empty-column-name`, `local-duplicate-column`, `local-encoding`.
 */
export async function sampleCsv(path: string, kind: FileKind): Promise<CsvSample> {
  const { text, whole } = await headOf(path, kind);
  if (text.includes('\0')) {
    const remedy = 'Save the file as UTF-8.';
    throw new UserError('local-encoding', `${path} has NUL bytes, as files in UTF-16 have.`, { remedy });
  }
  const delimiter = kind.format === 'tsv' ? '\t' : delimiterOf(text);
  const records = (): Generator<(string | null)[], undefined> => recordsOf(text, delimiter, whole);
  const first = records().next().value;
  if (first === undefined) {
    const remedy = 'The first line must hold the column names.';
    throw new UserError('local-empty-file', `${path} has no header.`, { remedy });
  }
  return { delimiter, header: checkHeader(first, path), rows: () => [...records()].slice(1) };
}
