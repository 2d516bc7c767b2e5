import { UserError } from '../errors.ts';
import { type TextEncoding, isMappable } from './text-encoding.ts';

/** How CSV is spelled. The ids are those of the file options that all file connectors share. */
export interface CsvDialect {
  /** One character each; `escape` equals `quote` where quotes are doubled. */
  readonly delimiter: string;
  readonly quote: string;
  readonly escape: string;
  /** Of record ends only; a line end inside a cell is the cell's. */
  readonly lineEnding: 'asReceived' | 'lf' | 'crlf';
  readonly header: boolean;
  /** What stands for null; a text that equals it is quoted. */
  readonly nullText: string;
  readonly encoding: TextEncoding;
  readonly unmappable: 'reject' | 'replace';
  readonly byteOrderMark: boolean;
  readonly formulaGuard: boolean;
  /** Quotes a record's first cell that begins with `#`: data.world takes such lines for comments. */
  readonly guardFirstHash: boolean;
}

/** The file options that make a dialect, as the person gave them. */
export interface CsvOptions extends Omit<CsvDialect, 'delimiter' | 'escape' | 'guardFirstHash'> {
  readonly fileFormat: string;
  readonly delimiter: string | undefined;
  readonly escape: string | undefined;
}

/** RFC 4180 in UTF-8, as it flows inside. */
export const canonicalDialect: CsvDialect = {
  delimiter: ',',
  quote: '"',
  escape: '"',
  lineEnding: 'asReceived',
  header: true,
  nullText: '',
  encoding: 'utf8',
  unmappable: 'reject',
  byteOrderMark: false,
  formulaGuard: false,
  guardFirstHash: false,
};

/** True when canonical bytes may pass untouched. */
export function isCanonical(dialect: CsvDialect): boolean {
  const ids = Object.keys(canonicalDialect) as (keyof CsvDialect)[];
  // What happens to characters that do not fit is of no account where all fit.
  return ids.every((id) => id === 'unmappable' || dialect[id] === canonicalDialect[id]);
}

/** True when canonical records may pass untouched but for those that begin with `#`, if that is guarded; the header may differ. */
export function keepsRecords(dialect: CsvDialect): boolean {
  const { header, byteOrderMark, guardFirstHash } = canonicalDialect;
  return isCanonical({ ...dialect, header, byteOrderMark, guardFirstHash });
}

/**
 * The dialect that the file options ask for; `\t` and `tab` are taken as a tab. Throws UserError `csv-dialect` with the field
 * when a reader could not tell its parts from each other.
 */
export function dialectOf(options: CsvOptions, guardFirstHash = false): CsvDialect {
  const given = options.delimiter ?? (options.fileFormat === 'tsv' ? '\t' : ',');
  const delimiter = given === '\\t' || given.toLowerCase() === 'tab' ? '\t' : given;
  const { quote, lineEnding, header, nullText, encoding, unmappable, byteOrderMark, formulaGuard } = options;
  const escape = options.escape ?? quote;
  const rest = { lineEnding, header, nullText, encoding, unmappable, byteOrderMark, formulaGuard };
  const dialect = { delimiter, quote, escape, ...rest, guardFirstHash };
  checkCharacters(dialect);
  checkNullText(dialect);
  checkEncoding(dialect);
  checkGuards(dialect);
  return dialect;
}

const labels = {
  delimiter: 'Delimiter',
  quote: 'Quote Character',
  escape: 'Escape Character',
  nullText: 'Null Text',
  byteOrderMark: 'Byte Order Mark',
  formulaGuard: 'Formula Guard',
} as const;

function refuse(field: keyof typeof labels, why: string, remedy: string): never {
  throw new UserError('csv-dialect', `"${labels[field]}" ${why}.`, { field, remedy });
}

function checkCharacters(dialect: CsvDialect): void {
  for (const field of ['delimiter', 'quote', 'escape'] as const) {
    const text = dialect[field];
    if (Array.from(text).length !== 1 || !text.isWellFormed())
      refuse(field, 'must be one character', 'Give one character.');
    if (/[\r\n\0\ufeff]/.test(text))
      refuse(field, 'cannot be this character', 'Choose a visible character or a tab.');
  }
  const { delimiter, quote, escape } = dialect;
  if (quote === delimiter)
    refuse('quote', 'is the delimiter too', 'Choose another character for one of them.');
  if (escape === delimiter)
    refuse('escape', 'is the delimiter too', 'Choose another character for one of them.');
}

function checkNullText({ nullText, delimiter, quote }: CsvDialect): void {
  const broken = /[\r\n\0]/.test(nullText) || nullText.includes(delimiter) || nullText.includes(quote);
  if (broken || !nullText.isWellFormed()) {
    refuse(
      'nullText',
      'holds a delimiter, a quote or a line end',
      'Choose a text without them, such as NULL or \\N.',
    );
  }
}

function checkEncoding(dialect: CsvDialect): void {
  if (dialect.encoding !== 'windows1252') return;
  if (dialect.byteOrderMark) {
    refuse('byteOrderMark', 'does not exist in Windows-1252', 'Leave it off, or choose UTF-8 or UTF-16LE.');
  }
  for (const field of ['delimiter', 'quote', 'escape', 'nullText'] as const) {
    if (!isMappable(dialect[field]))
      refuse(field, 'does not exist in Windows-1252', 'Choose another, or UTF-8.');
    // A character that became a question mark would then be taken for it.
    if (dialect.unmappable === 'replace' && dialect[field].includes('?')) {
      refuse(field, 'holds the question mark that stands for what does not fit', 'Choose another character.');
    }
  }
}

function checkGuards({ delimiter, quote, escape, nullText, formulaGuard, guardFirstHash }: CsvDialect): void {
  if (formulaGuard && ([delimiter, quote, escape].includes("'") || nullText.startsWith("'"))) {
    refuse(
      'formulaGuard',
      'writes apostrophes, which have another meaning here',
      'Choose another quote or delimiter.',
    );
  }
  if (!guardFirstHash) return;
  for (const [field, text] of Object.entries({ delimiter, quote, nullText })) {
    if (!text.startsWith('#')) continue;
    refuse(field as 'quote', 'begins with #, which begins a comment at the destination', 'Choose another.');
  }
}
