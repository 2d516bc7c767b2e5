import type { Column } from '../../dataset/dataset.ts';
import type { SqlColumn } from '../../duckdb/canonical-select.ts';
import type { LockedDuckdb } from '../../duckdb/locked-duckdb.ts';
import { printedText } from '../../duckdb/printed-text.ts';
import { identifier, literal } from '../../duckdb/sql-text.ts';
import { type DelimitedFiles, delimitedSelect } from './local-relation.ts';
import { baseSelect, type Selected } from './local-select.ts';

/** One of a SELECT's columns or orders, as DuckDB's parser tells it. What a statement does not say is left out everywhere. */
interface Item {
  readonly type: string;
  readonly column_names?: readonly string[];
}

interface SelectNode {
  readonly type: string;
  readonly select_list: readonly Item[];
  readonly from_table: { readonly table_name?: string; readonly query_location?: number };
  readonly modifiers?: readonly {
    readonly type: string;
    readonly orders?: readonly { readonly expression: Item }[];
  }[];
  readonly where_clause?: object;
  readonly aggregate_handling: string;
}

/** Whatever we do not know of, such as GROUP BY, DISTINCT or an alias, is a key of its own. */
function hasOnly(part: object, keys: readonly string[]): boolean {
  return Object.keys(part).every((key) => keys.includes(key));
}

async function parse(duckdb: LockedDuckdb, query: string): Promise<SelectNode | undefined> {
  const leave = 'skip_default := true, skip_null := true, skip_empty := true';
  const parsed = await duckdb.run(`SELECT json_serialize_sql(${literal(query)}, ${leave})`);
  const text = (await parsed.getRows())[0]![0] as string;
  const { statements = [] } = JSON.parse(text) as { statements?: { node: SelectNode }[] };
  return statements.length === 1 ? statements[0]!.node : undefined;
}

/** Rows of tbl alone, perhaps filtered, ordered and limited. ORDER BY 2 would order by the text at that place. */
function isOfRows({ type, from_table: from, modifiers = [], ...node }: SelectNode): boolean {
  return (
    type === 'SELECT_NODE' &&
    node.aggregate_handling === 'STANDARD_HANDLING' &&
    hasOnly(node, ['select_list', 'where_clause', 'aggregate_handling']) &&
    from.table_name === 'tbl' &&
    hasOnly(from, ['type', 'query_location', 'table_name']) &&
    modifiers.every(({ type }) => type === 'ORDER_MODIFIER' || type === 'LIMIT_MODIFIER') &&
    modifiers.every(({ orders = [] }) =>
      orders.every(({ expression }) => expression.type === 'COLUMN_REF'),
    ) &&
    // A star, or tbl as a value, would take in the texts beside the columns.
    !/"STAR"|\["tbl"\]/iu.test(JSON.stringify([node.where_clause, modifiers]))
  );
}

/** The places in the file of the columns that are selected; undefined when one of them is anything else. */
function placesOf({ select_list: list }: SelectNode, columns: readonly Column[]): number[] | undefined {
  const names = columns.map(({ name }) => name.toLowerCase());
  if (new Set(names).size < names.length) return undefined;
  const places = list.flatMap((item) => {
    if (item.type === 'STAR' && hasOnly(item, ['class', 'type', 'query_location'])) return [...names.keys()];
    const isColumn = hasOnly(item, ['class', 'type', 'query_location', 'column_names']);
    const [name, more] = item.column_names ?? [];
    return isColumn && name !== undefined && more === undefined ? names.indexOf(name.toLowerCase()) : -1;
  });
  return places.includes(-1) ? undefined : places;
}

/** What follows after `SELECT … FROM tbl`; undefined when the query is written in another way. */
function afterTable(query: string, { from_table: { query_location: at } }: SelectNode): string | undefined {
  const bytes = Buffer.from(query);
  if (!/^\s*select\s.*\sfrom\s+$/isu.test(bytes.toString('utf8', 0, at))) return undefined;
  return /^(?:tbl|"tbl")(?!\w)(.*)$/isu.exec(bytes.toString('utf8', at))?.[1];
}

/** A name that no column has. */
function textName(place: number, columns: readonly Column[]): string {
  return `${'_'.repeat(1 + Math.max(...columns.map(({ name }) => name.length)))}${place}`;
}

/**
 * The same rows as those of `query`, a SELECT over `tbl` whose columns are `selected`, where columns that it only hands out are
 * canonical text already: a text of the file that was made a number would be printed just as it was, and for decimals that takes
 * longer than everything else. Undefined when the query is more than a selection of columns and rows.
 */
export async function passedSelect(
  duckdb: LockedDuckdb,
  files: DelimitedFiles,
  query: string,
  selected: readonly SqlColumn[],
): Promise<Selected | undefined> {
  const node = await parse(duckdb, query);
  if (node === undefined || !isOfRows(node)) return undefined;
  const { columns } = files;
  const [places, rest] = [placesOf(node, columns), afterTable(query, node)];
  if (places?.length !== selected.length || rest === undefined) return undefined;
  const texts = columns.map(({ type }, place) => printedText(`c${place}`, type, place));
  const named = texts.flatMap((text, place) =>
    text === undefined ? [] : [`${text} AS ${identifier(textName(place, columns))}`],
  );
  const names = places.map((place) => (texts[place] ? textName(place, columns) : columns[place]!.name));
  const passed = `SELECT ${names.map(identifier).join(', ')} FROM (${delimitedSelect(files, named)}) AS tbl${rest}`;
  return {
    select: baseSelect(passed),
    columns: selected.map((column, at) => (texts[places[at]!] ? { ...column, sqlType: 'VARCHAR' } : column)),
  };
}
