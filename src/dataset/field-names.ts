import { UserError } from '../errors.ts';
import type { FieldNamePolicy } from './batch.ts';
import type { Column } from './dataset.ts';

function replaced(name: string): string {
  return name.replace(/^\$/, '_').replaceAll('.', '_');
}

/**
 * The field names of the columns. Throws UserError `columns-collide` when two are equal (documents cannot hold both) and
 * `column-name-nul` when one holds a NUL, which ends a name in BSON.
 */
export function fieldNames(columns: readonly Column[], policy: FieldNamePolicy): string[] {
  const names = columns.map(({ name }) => (policy === 'replace' ? replaced(name) : name));
  const seen = new Map<string, string>();
  for (const [i, name] of names.entries()) {
    const column = columns[i]!.name;
    if (name.includes('\0'))
      throw new UserError(
        'column-name-nul',
        'A column name holds a NUL character, which no field name can hold.',
        {
          column,
          remedy: 'Rename the column.',
        },
      );
    const other = seen.get(name);
    if (other !== undefined)
      throw new UserError(
        'columns-collide',
        `The columns "${other}" and "${column}" would both become "${name}".`,
        {
          column,
          remedy: 'Rename one of them, in the DataSet or by a query (`select a as b from tbl`).',
        },
      );
    seen.set(name, column);
  }
  return names;
}
