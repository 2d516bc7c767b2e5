import type { Column, ColumnType } from '../../dataset/dataset.ts';
import type { SqlColumn } from '../../duckdb/canonical-select.ts';
import { describeSelect } from '../../duckdb/canonical-select.ts';
import type { LockedDuckdb } from '../../duckdb/locked-duckdb.ts';
import { identifier, literal, literalList } from '../../duckdb/sql-text.ts';
import { typedText } from '../../duckdb/typed-text.ts';
import { UserError } from '../../errors.ts';
import type { CsvSample } from './csv-sample.ts';
import type { FileKind } from './file-kind.ts';
import { inferType } from './infer-type.ts';

/** Types that the person gave, by column name. */
export type GivenTypes = Readonly<Record<string, ColumnType>>;

/** Throws UserError `local-unknown-column` when a type was given for a column that is not there. */
export function checkGiven(given: GivenTypes, names: readonly string[]): void {
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown !== undefined) throw unknownColumn(unknown, names);
}

/** The error for a column that is not in the DataSet. */
export function unknownColumn(name: string, names: readonly string[]): UserError {
  const remedy = `The columns are: ${names.slice(0, 30).join(', ')}${names.length > 30 ? ', …' : ''}.`;
  return new UserError('local-unknown-column', `There is no column “${name}”.`, { column: name, remedy });
}

/** Columns of a delimited file: given types first, the others inferred from the sample. */
export function sampledColumns({ header, rows }: CsvSample, given: GivenTypes): Column[] {
  checkGiven(given, header);
  const isGiven = (name: string): boolean => Object.hasOwn(given, name);
  const sample = header.every(isGiven) ? [] : rows();
  return header.map((name, index) => ({
    name,
    type: isGiven(name) ? given[name]! : inferType(sample.map((row) => row[index])),
  }));
}

/** Longest record that is read, in bytes. */
const longestRecord = 16 * 1024 * 1024;

function typedAs(cell: string, { name, type }: Column, index: number): string {
  return `${typedText(cell, type, index, { strict: false, misfits: 'raise' })} AS ${identifier(name)}`;
}

/** CSV or TSV files, with what their sample tells. */
export interface DelimitedFiles {
  readonly paths: readonly string[];
  readonly columns: readonly Column[];
  readonly delimiter: string;
}

/**
 * Every cell is read as text and typed by us: DuckDB's own sniffer makes the number 7 of the text 007. `more` is what shall be
 * selected besides; the texts are called `c0…`.
 */
export function delimitedSelect(
  { paths, columns, delimiter }: DelimitedFiles,
  more: readonly string[] = [],
): string {
  const texts = columns.map((_, index) => `c${index}: 'VARCHAR'`).join(', ');
  const typed = columns.map((column, index) => typedAs(`c${index}`, column, index));
  return `SELECT ${[...typed, ...more].join(', ')}
    FROM read_csv(${literalList(paths)}, auto_detect = false, header = true, delim = ${literal(delimiter)}, quote = '"',
      escape = '"', columns = {${texts}}, nullstr = ['', '\\N'], allow_quoted_nulls = false, strict_mode = false,
      null_padding = true, parallel = false, ignore_errors = false,
      max_line_size = ${longestRecord}, buffer_size = ${longestRecord})`;
}

function readJson(paths: readonly string[], { format }: FileKind, columns = ''): string {
  const layout = format === 'json' ? 'auto' : 'newline_delimited';
  return `read_json(${literalList(paths)}, format = '${layout}', union_by_name = true, ignore_errors = false,
    maximum_object_size = ${longestRecord}${columns})`;
}

/** Columns with a given type are read as text, so that nothing is lost before the type is applied. */
async function jsonRelation(
  duckdb: LockedDuckdb,
  paths: readonly string[],
  kind: FileKind,
  given: GivenTypes,
): Promise<string> {
  if (Object.keys(given).length === 0) return readJson(paths, kind);
  const found = await describeSelect(duckdb, `SELECT * FROM ${readJson(paths, kind)}`);
  const types = found.map(
    ({ name, sqlType }) => `${literal(name)}: ${literal(name in given ? 'VARCHAR' : sqlType)}`,
  );
  return readJson(paths, kind, `, columns = {${types.join(', ')}}`);
}

function overridden(columns: readonly SqlColumn[], given: GivenTypes): string {
  const items = columns.map((column, index) => {
    const type = Object.hasOwn(given, column.name) ? given[column.name] : undefined;
    if (type === undefined) return identifier(column.name);
    return typedAs(`CAST(${identifier(column.name)} AS VARCHAR)`, { name: column.name, type }, index);
  });
  return items.join(', ');
}

/** What `tbl` is made of. */
export interface RelationRequest {
  readonly paths: readonly string[];
  readonly kind: FileKind;
  readonly given: GivenTypes;
  /** For CSV and TSV: columns and delimiter of the sample. */
  readonly delimited?: Omit<DelimitedFiles, 'paths'> | undefined;
}

/** DuckDB has no way to say that a name is not a pattern, and must not read what the pattern would match. */
function checkName(path: string): void {
  if (!/[*?[]/u.test(path)) return;
  const remedy = 'Rename the file or its folder.';
  throw new UserError('local-file-name', `${path} has *, ? or [ in its name and cannot be queried.`, {
    remedy,
  });
}

/** Defines the view `tbl` over the files; gives its columns. Throws UserError `local-unknown-column`, `local-file-name`. */
export async function defineTable(duckdb: LockedDuckdb, request: RelationRequest): Promise<SqlColumn[]> {
  request.paths.forEach(checkName);
  await duckdb.run(`CREATE TEMP VIEW tbl AS ${await tableSelect(duckdb, request)}`);
  return describeSelect(duckdb, 'SELECT * FROM tbl');
}

async function tableSelect(
  duckdb: LockedDuckdb,
  { paths, kind, given, delimited }: RelationRequest,
): Promise<string> {
  if (delimited) return delimitedSelect({ paths, ...delimited });
  const relation =
    kind.format === 'parquet'
      ? `read_parquet(${literalList(paths)}, union_by_name = true)`
      : await jsonRelation(duckdb, paths, kind, given);
  const columns = await describeSelect(duckdb, `SELECT * FROM ${relation}`);
  checkGiven(
    given,
    columns.map(({ name }) => name),
  );
  return `SELECT ${overridden(columns, given)} FROM ${relation}`;
}
