import { Decimal128, Double, Long } from 'bson';
import type { ColumnType } from '../../src/dataset/dataset.ts';

/** A cell as a MongoDB user would type it; the text is not empty. */
export function typedValue(type: ColumnType, text: string): unknown {
  if (type === 'LONG') return Long.fromString(text);
  if (type === 'DOUBLE') return new Double(Number(text));
  if (type === 'DECIMAL') return Decimal128.fromString(text);
  if (type === 'DATE') return new Date(`${text}T00:00:00Z`);
  if (type === 'DATETIME') return new Date(`${text}Z`);
  return text;
}
