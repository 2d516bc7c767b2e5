import type { ColumnType } from '../dataset/dataset.ts';
import { canonicalText } from './canonical-select.ts';
import { isPrintedAlike, sqlTypes, typedText } from './typed-text.ts';

/** A way to the canonical text of a cell without its value: where `when` holds, it is `text` (both SQL). */
interface Shortcut {
  readonly when: string;
  readonly text: string;
}

/** A decimal without needless zeros, a digit short of what `typedText` takes at either end. */
const printedDecimal = String.raw`0|-?[1-9]\d{0,18}|-?(0|[1-9]\d{0,18})\.\d{0,16}[1-9]`;

/** A decimal that has needless zeros at its end and nowhere else. A sign before zero is needless, too. */
const paddedDecimal = String.raw`(0|-?[1-9]\d{0,18})\.\d{0,16}0`;

/** At most 13 digits, which a double keeps and prints again; below 0.0001 it prints an exponent. */
const printedDouble = String.raw`-?(0|[1-9]\d{0,8})\.(0|\d{0,3}[1-9])`;
const wholeDouble = String.raw`0|-?[1-9]\d{0,8}`;

/** Not the year 0, which is one before Christ, nor 24 o'clock, which is the next day. */
const printedTime = String.raw`[1-9]\d{3}-\d\d-\d\dT([01]\d|2[0-3]):\d\d:\d\d`;

function shortcutsOf(cell: string, type: ColumnType): Shortcut[] {
  const matches = (form: string): string => `regexp_full_match(${cell}, '${form}')`;
  switch (type) {
    case 'LONG':
    case 'DATE':
      return [{ when: isPrintedAlike(cell, type), text: cell }];
    case 'DECIMAL':
      return [
        { when: matches(printedDecimal), text: cell },
        { when: matches(paddedDecimal), text: `rtrim(rtrim(${cell}, '0'), '.')` },
      ];
    case 'DOUBLE':
      return [
        { when: matches(printedDouble), text: cell },
        { when: matches(wholeDouble), text: `concat(${cell}, '.0')` },
      ];
    case 'DATETIME':
      return [{ when: `${matches(printedTime)} AND TRY_CAST(${cell} AS TIMESTAMP) IS NOT NULL`, text: cell }];
    default:
      return [];
  }
}

/**
 * SQL for the canonical text of what the text `cell` (an SQL expression) is as a value of its type, for a column that nobody
 * calculates with: what `canonicalText` makes of `typedText` with misfits raised, but a text that is canonical already only
 * passes. To see that takes half of what it takes to make a number or a time of a text and to print that, and for decimals a
 * tenth. Undefined for types where to find that out is no cheaper.
 */
export function printedText(cell: string, type: ColumnType, column: number): string | undefined {
  const shortcuts = shortcutsOf(cell, type);
  if (shortcuts.length === 0) return undefined;
  const typed = typedText(cell, type, column, { strict: false, misfits: 'raise' });
  const printed = canonicalText(typed, { name: '', type, sqlType: sqlTypes[type] });
  const cases = shortcuts.map(({ when, text }) => `WHEN ${when} THEN ${text}`);
  return `CASE ${cases.join(' ')} ELSE ${printed} END`;
}
