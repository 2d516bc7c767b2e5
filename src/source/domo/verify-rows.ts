import { TemporaryError } from '../../errors.ts';
import type { Dataset } from '../../dataset/dataset.ts';

/**
 * Domo's exports are known to end cleanly with rows missing: the rows that came must be as many as Domo stated before or
 * states after (someone may have changed the DataSet meanwhile). Throws `domo-short-export`.
 */
export async function verifyRows(
  rows: number,
  before: Dataset,
  describe: () => Promise<Dataset>,
): Promise<void> {
  if (before.rows === undefined || rows === before.rows) return;
  const after = await describe();
  if (after.rows === undefined || rows === after.rows) return;
  const changed = after.updatedAt === before.updatedAt ? '' : ' The DataSet was changed meanwhile.';
  const sentence = `Domo states ${before.rows} rows before and ${after.rows} after the export, but ${rows} came.${changed}`;
  throw new TemporaryError('domo-short-export', sentence, { remedy: 'Run it again; nothing was published.' });
}

/** The same for SQL, whose answer states its own rows at the end. Throws `domo-short-export`. */
export function verifyAnswer(rows: number, stated: number | undefined): void {
  if (stated === undefined || stated === rows) return;
  const sentence = `Domo's answer states ${stated} rows, but ${rows} came.`;
  throw new TemporaryError('domo-short-export', sentence, { remedy: 'Run it again; nothing was published.' });
}
