import { mixedColumns } from '../../test/data/mixed-rows.ts';

const sqlTypes: Readonly<Record<string, string>> = {
  LONG: 'BIGINT',
  DECIMAL: 'DECIMAL(18,2)',
  DATETIME: 'TIMESTAMP',
  STRING: 'VARCHAR',
};

/** SQL that reads a file of mixed rows with their types, as somebody would who knows them. */
export function typedCsv(path: string): string {
  const types = mixedColumns.map(({ name, type }) => `'${name}': '${sqlTypes[type] ?? type}'`);
  return `read_csv('${path}', header = true, quote = '"', escape = '"', columns = {${types.join(', ')}})`;
}
