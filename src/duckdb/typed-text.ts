import type { ColumnType } from '../dataset/dataset.ts';
import { literal } from './sql-text.ts';

/**
 * DECIMAL is kept with 18 digits after the point and 20 before it: the widest that Parquet readers share (Spark's own
 * default), wider than any LONG. A scale chosen from a sample would change the schema from run to run.
 */
export const decimalType = 'DECIMAL(38,18)';

/** DuckDB's type for each of ours, as DESCRIBE names it. */
export const sqlTypes: Readonly<Record<ColumnType, string>> = {
  STRING: 'VARCHAR',
  LONG: 'BIGINT',
  DOUBLE: 'DOUBLE',
  DECIMAL: decimalType,
  DATE: 'DATE',
  DATETIME: 'TIMESTAMP WITH TIME ZONE',
  TIME: 'TIME',
  BOOLEAN: 'BOOLEAN',
};

const zone = String.raw`(Z| ?[+-]\d\d(:?\d\d)?)?`;

/** Digits below a second: with `strict` none below a microsecond but zeros. */
function fractionOf(strict: boolean): string {
  return strict ? String.raw`(\.\d{1,6}0*)?` : String.raw`(\.\d+)?`;
}

function dateAndTime(strict: boolean): string {
  return String.raw`\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d${fractionOf(strict)}`;
}

/**
 * The texts that a type may be made of. DuckDB alone would change values in silence: '1.5' becomes the BIGINT 2, '1e-20'
 * the DECIMAL 0, '1_000' a number, a time of day is cut off a DATE.
 */
function pattern(type: Exclude<ColumnType, 'STRING'>, strict: boolean): string {
  return {
    LONG: String.raw`[+-]?\d+`,
    DOUBLE: String.raw`[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(?i:inf|infinity)|(?i:nan)`,
    DECIMAL: String.raw`[+-]?(\d+\.?\d{0,18}0*|\.\d{1,18}0*)`,
    DATE: String.raw`\d{4}-\d\d-\d\d`,
    DATETIME: dateAndTime(strict) + zone,
    TIME: String.raw`\d\d:\d\d:\d\d${fractionOf(strict)}`,
    BOOLEAN: '(?i:true|false)',
  }[type];
}

/** Digits after the point that a decimal with exponent needs, without its trailing zeros. */
function scaleOf(cell: string): string {
  const fraction = String.raw`regexp_extract(${cell}, '^[+-]?(\d*)\.?(\d*)[eE]', 2)`;
  const exponent = String.raw`TRY_CAST(regexp_extract(${cell}, '[eE]([+-]?\d+)$', 1) AS INTEGER)`;
  const whole = String.raw`regexp_extract(${cell}, '^[+-]?(\d*)', 1)`;
  return `len(rtrim(concat(${whole}, ${fraction}), '0')) - len(${whole}) - ${exponent}`;
}

function castOf(cell: string, type: ColumnType): string {
  if (type === 'DOUBLE') {
    const number = `TRY_CAST(${cell} AS DOUBLE)`;
    return `CASE WHEN isinf(${number}) AND NOT regexp_matches(${cell}, '(?i)inf') THEN NULL ELSE ${number} END`;
  }
  return `TRY_CAST(${cell} AS ${sqlTypes[type]})`;
}

/** What DuckDB raises for a value that does not fit; `misfitIn` finds it in the message. */
function misfit(cell: string, column: number): string {
  return `error(concat('writeback-misfit ${column} ', left(${cell}, 40)))`;
}

/** DuckDB reads a text into 38 digits 50 times slower than into 18, so the usual short numbers go that way. */
function shortDecimal(cell: string): string {
  const form = String.raw`[+-]?\d{1,9}(\.\d{1,9}0*)?`;
  return `WHEN regexp_full_match(${cell}, '${form}') THEN CAST(CAST(${cell} AS DECIMAL(18,9)) AS ${decimalType})`;
}

/** Too few digits for an infinity, so that the text need not be read a second time to tell. */
function shortDouble(cell: string): string {
  const form = String.raw`[+-]?\d{1,15}(\.\d{1,15})?`;
  return `WHEN regexp_full_match(${cell}, '${form}') THEN CAST(${cell} AS DOUBLE)`;
}

/**
 * SQL: true when DuckDB prints the value just as it stands in `cell`. Then it is no other value, and to print is cheaper than to
 * match a pattern. Ten characters keep out `infinity`, `0044-03-15 (BC)` and years of five digits, which are printed alike too.
 */
export function isPrintedAlike(cell: string, type: 'LONG' | 'DATE'): string {
  const alike = `CAST(${castOf(cell, type)} AS VARCHAR) = ${cell}`;
  return type === 'DATE' ? `${alike} AND strlen(${cell}) = 10` : alike;
}

/**
 * A time in UTC by way of its microseconds: three times as fast as the cast, which asks ICU for the zone. Only where there is
 * no offset: a TIMESTAMP reads past it in silence.
 */
function timeInUtc(cell: string, strict: boolean, raise: string): string {
  const value = `make_timestamptz(epoch_us(TRY_CAST(${cell} AS TIMESTAMP)))`;
  return `WHEN regexp_full_match(${cell}, '${dateAndTime(strict)}Z?') THEN coalesce(${value}, ${raise})`;
}

/** Takes most values with little work; what it does not take is looked at by its pattern. */
function shortcut(cell: string, type: ColumnType, strict: boolean, raise: string): string {
  if (type === 'LONG' || type === 'DATE') {
    return `WHEN ${isPrintedAlike(cell, type)} THEN ${castOf(cell, type)}`;
  }
  if (type === 'DECIMAL') return shortDecimal(cell);
  if (type === 'DOUBLE') return shortDouble(cell);
  return type === 'DATETIME' ? timeInUtc(cell, strict, raise) : '';
}

function decimalWithExponent(cell: string, raise: string): string {
  const form = String.raw`[+-]?(\d+\.?\d*|\.\d+)[eE][+-]?\d+`;
  const fits = `regexp_full_match(${cell}, '${form}') AND ${scaleOf(cell)} <= 18`;
  return `WHEN ${fits} THEN coalesce(${castOf(cell, 'DECIMAL')}, ${raise})`;
}

/** How the texts of a column are read. */
export interface TypedTextOptions {
  /** Refuse digits below a microsecond, which DuckDB and Parquet do not keep; otherwise they are cut. */
  readonly strict: boolean;
  /** What a value that does not fit becomes: an error that `misfitIn` can read, or null. */
  readonly misfits: 'raise' | 'null';
}

/**
 * SQL that turns the text column `cell` (an SQL expression) into its type, null into null, an empty text of a column that
 * is not text into null.
 */
export function typedText(cell: string, type: ColumnType, column: number, options: TypedTextOptions): string {
  if (type === 'STRING') return cell;
  const raise = options.misfits === 'null' ? 'NULL' : misfit(cell, column);
  const fits = `regexp_full_match(${cell}, ${literal(pattern(type, options.strict))})`;
  // What most values are comes first: of a vector that is all of one kind DuckDB evaluates nothing further.
  return `CASE ${shortcut(cell, type, options.strict, raise)}
    WHEN ${fits} THEN coalesce(${castOf(cell, type)}, ${raise})
    ${type === 'DECIMAL' ? decimalWithExponent(cell, raise) : ''}
    WHEN ${cell} IS NULL OR ${cell} = '' THEN NULL
    ELSE ${raise} END`;
}

/** SQL: true when `typed`, which is what `typedText` made of `cell` with misfits as null, is null although there is a value. */
export function isMisfit(cell: string, typed: string): string {
  return `(${typed} IS NULL AND ${cell} IS NOT NULL AND ${cell} <> '')`;
}

/** Length up to which a time has no more than six digits after its point. */
const wholeLengths: Partial<Record<ColumnType, number>> = {
  DATETIME: 'yyyy-MM-ddTHH:mm:ss.ffffff'.length,
  TIME: 'HH:mm:ss.ffffff'.length,
};

/** SQL: true when digits below a microsecond are cut off `cell`. Undefined for types that have none. */
export function losesDigits(cell: string, type: ColumnType): string | undefined {
  const length = wholeLengths[type];
  if (length === undefined) return undefined;
  return String.raw`(len(${cell}) > ${length} AND regexp_matches(${cell}, '\.\d{6}\d*[1-9]'))`;
}

/** The value that did not fit. */
export interface Misfit {
  /** Place of the column, from 0. */
  readonly column: number;
  readonly value: string;
}

/** Finds in DuckDB's message what `typedText` raised; undefined when the error is another one. */
export function misfitIn(message: string): Misfit | undefined {
  const found = /writeback-misfit (\d+) (.*)/su.exec(message);
  return found === null ? undefined : { column: Number(found[1]), value: found[2]! };
}
