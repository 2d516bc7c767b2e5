import { QUOTED } from './cell-index.ts';
import { asBuffer } from './cell-text.ts';
import type { RecordBlock } from './record-blocks.ts';

/** Records and where their cells lie. */
export type Rows = Pick<RecordBlock, 'bytes' | 'index'>;

/** Offset of a cell's first byte, its quote included. */
export function cellStart({ index }: Rows, cell: number): number {
  return index.starts[cell]! - (index.flags[cell]! & QUOTED);
}

/** Offset after a cell's last byte, its quote included. */
export function cellEnd({ index }: Rows, cell: number): number {
  return index.ends[cell]! + (index.flags[cell]! & QUOTED);
}

/** The record of a block's row (from 0) as it came, quotes included, without its line end. Undefined for a row that is not in the block. */
export function recordText(block: Rows, row: number): string | undefined {
  const { bytes, index } = block;
  if (row < 0 || row >= index.rows) return undefined;
  const last = (row + 1) * index.columns - 1;
  return asBuffer(bytes).toString('utf8', cellStart(block, row * index.columns), cellEnd(block, last));
}
