import { TemporaryError } from '../errors.ts';
import { datasetIdOf } from '../source/create-source.ts';
import type { Source } from '../source/source.ts';
import type { RowsToMove } from './move-rows.ts';
import type { DoneParts, PlanHead } from './plan.ts';

/**
 * Compares the rows of all parts with what the source states, before or now: each part may be right by itself, and a row still
 * fall between two of them. A part that was there already tells nothing. Throws TemporaryError `…-short-export`.
 */
export async function checkTotal(
  { writeback, signal }: RowsToMove,
  source: Source,
  { rows }: PlanHead,
  parts: DoneParts,
): Promise<void> {
  const sum = parts.reduce((total, { delivered }) => total + delivered.rowsRead, 0);
  if (rows === undefined || sum === rows || parts.some(({ held }) => !held)) return;
  const { rows: now } = await source.describe(datasetIdOf(writeback.source), signal);
  if (now === undefined || sum === now) return;
  const sentence = `The DataSet states ${rows} rows before and ${now} after the export, but its ${parts.length} parts have ${sum} together.`;
  throw new TemporaryError(`${source.kind}-short-export`, sentence, {
    remedy: 'Run it again; nothing was published.',
  });
}
