import type { ColumnType } from '../dataset/dataset.ts';
import { UserError } from '../errors.ts';
import { checkValues } from '../field/check.ts';
import type { Fields, Values } from '../field/field.ts';
import type { SourceSpec } from '../source/create-source.ts';
import { domoSourceFields, localSourceFields } from '../source/source-fields.ts';

/** A group of a writeback as it was typed. */
export type Entries = Record<string, unknown>;

/** All types that a local file's columns may be given. */
export const columnTypes: readonly ColumnType[] = [
  'STRING',
  'LONG',
  'DOUBLE',
  'DECIMAL',
  'DATE',
  'DATETIME',
  'TIME',
  'BOOLEAN',
];

/** What stands under a key, copied; nothing counts as an empty group. Throws UserError `writeback-invalid`. */
export function entries(value: unknown, key: string): Entries {
  if (value === undefined || value === null) return {};
  if (typeof value === 'object' && !Array.isArray(value)) return { ...value };
  throw new UserError('writeback-invalid', `"${key}" must be a group of fields.`, { field: key });
}

function checkColumns(value: unknown): Record<string, ColumnType> | undefined {
  if (value === undefined) return undefined;
  const columns = entries(value, 'columns');
  for (const [name, type] of Object.entries(columns)) {
    if (columnTypes.includes(type as ColumnType)) continue;
    const message = `Column "${name}" cannot have the type ${JSON.stringify(type)}.`;
    throw new UserError('writeback-column-type', message, {
      field: 'columns',
      remedy: `Use one of ${columnTypes.join(', ')}.`,
    });
  }
  return columns as Record<string, ColumnType>;
}

/** Takes the values that belong to the source out of the panes of a connector (Domo Client ID, DataSet ID, …). Throws UserError `writeback-source-twice`. */
export function takeShared(source: Entries, pane: Entries, paneFields: Fields): void {
  for (const [id, { label, sharedWith }] of Object.entries(paneFields)) {
    if (sharedWith === undefined || pane[id] === undefined) continue;
    const given = source[sharedWith];
    if (given !== undefined && given !== pane[id]) {
      const message = `"${label}" differs from the source's ${sharedWith}.`;
      throw new UserError('writeback-source-twice', message, {
        field: id,
        remedy: 'Type it once, under "source".',
      });
    }
    source[sharedWith] = pane[id];
    delete pane[id];
  }
}

/** The source of a writeback, its values checked. Throws UserError with the field's id. */
export function checkSource(given: Entries): SourceSpec {
  const { kind = 'domo', columns, ...values } = given;
  if (kind === 'domo') {
    const checked = checkValues(domoSourceFields, values, 'credentials') as Values<typeof domoSourceFields>;
    return { kind, values: checked };
  }
  if (kind !== 'local') {
    throw new UserError('writeback-source-kind', `There is no source of the kind ${JSON.stringify(kind)}.`, {
      field: 'kind',
      remedy: 'Use domo or local.',
    });
  }
  const checked = checkValues(localSourceFields, values, 'details') as Values<typeof localSourceFields>;
  return { kind, values: checked, columns: checkColumns(columns) };
}
