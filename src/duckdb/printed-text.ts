import type { ColumnType } from '../dataset/dataset.ts';
import { canonicalText } from './canonical-select.ts';
import { isPrintedAlike, sqlTypes, typedText } from './typed-text.ts';

/**
 * A decimal without needless zeros, a digit short of what `typedText` takes at either end. To see that takes a tenth of the
 * time that DuckDB needs to make a number of 38 digits of it and to print that.
 */
const printedDecimal = String.raw`0|-?[1-9]\d{0,18}|-?(0|[1-9]\d{0,18})\.\d{0,16}[1-9]`;

/**
 * SQL for the canonical text of what the text `cell` (an SQL expression) is as a value of its type, for a column that nobody
 * calculates with: what `canonicalText` makes of `typedText` with misfits raised, but a text that is canonical already only
 * passes. Undefined for types where to find that out is no cheaper.
 */
export function printedText(cell: string, type: ColumnType, column: number): string | undefined {
  if (type !== 'LONG' && type !== 'DATE' && type !== 'DECIMAL') return undefined;
  const printed =
    type === 'DECIMAL' ? `regexp_full_match(${cell}, '${printedDecimal}')` : isPrintedAlike(cell, type);
  const typed = typedText(cell, type, column, { strict: false, misfits: 'raise' });
  return `CASE WHEN ${printed} THEN ${cell} ELSE ${canonicalText(typed, { name: '', type, sqlType: sqlTypes[type] })} END`;
}
