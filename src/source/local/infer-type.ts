import type { ColumnType } from '../../dataset/dataset.ts';

const long = /^(0|-?[1-9]\d{0,17})$/u;
const number = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/u;
const date = /^\d{4}-\d\d-\d\d$/u;
const dateTime = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d(:?\d\d)?)?$/u;

function isDate(text: string): boolean {
  if (!date.test(text) || text < '0001') return false;
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

function isDateTime(text: string): boolean {
  return (
    dateTime.test(text) &&
    isDate(text.slice(0, 10)) &&
    /^([01]\d|2[0-3]):[0-5]\d:[0-5]\d/u.test(text.slice(11))
  );
}

/** True when a double holds the number exactly as it is written, but for zeros at its end. */
function isDouble(text: string): boolean {
  if (!number.test(text)) return false;
  const digits = text
    .replace(/[eE].*$/u, '')
    .replace(/[-.]/gu, '')
    .replace(/^0+/u, '');
  return Number.isFinite(Number(text)) && (digits.length <= 15 || String(Number(text)) === text);
}

function isDecimal(text: string): boolean {
  return /^-?(0|[1-9]\d{0,19})\.\d{1,18}$/u.test(text) || long.test(text);
}

const checks: readonly (readonly [ColumnType, (text: string) => boolean])[] = [
  ['LONG', (text) => long.test(text)],
  ['DOUBLE', isDouble],
  ['DECIMAL', isDecimal],
  ['DATE', isDate],
  ['DATETIME', isDateTime],
  ['BOOLEAN', (text) => text === 'true' || text === 'false'],
];

/**
 * The narrowest type that holds every one of the texts (nulls and empty texts left out), STRING when there is none or no
 * text at all. Careful on purpose, because a later row that contradicts the type is rejected: numbers with leading zeros
 * or more than 18 digits are identifiers and stay STRING, and so do two kinds of date in one column.
 */
export function inferType(cells: readonly (string | null | undefined)[]): ColumnType {
  const texts = cells.filter((cell) => cell !== null && cell !== undefined && cell !== '') as string[];
  if (texts.length === 0) return 'STRING';
  return checks.find(([, holds]) => texts.every(holds))?.[0] ?? 'STRING';
}
