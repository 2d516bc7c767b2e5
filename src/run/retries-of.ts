import type { BatchConnector } from '../connector/contract.ts';
import type { Registry } from '../connector/registry.ts';
import { UserError } from '../errors.ts';
import type { Db } from '../store/database.ts';
import { countKeptRows } from '../store/rejected-row.ts';
import { type Retries, type Run, hasNewerWhole } from '../store/run.ts';
import { identityOf } from './run-identity.ts';
import type { Writeback } from './writeback.ts';

const wholeRemedy = 'Mend the rows in the DataSet, or the destination, and run the writeback as a whole.';

const refusal = (sentence: string, remedy = wholeRemedy) =>
  new UserError('rejected-rows-conflict', sentence, { remedy });

/** Rows that were not kept cannot be tried again, and the rest alone would look like all of them. */
async function requireRows(db: Db, { id, state, dryRun, rowsRejected }: Run): Promise<void> {
  if (dryRun) throw refusal('The run was a dry run: it has written nothing.');
  if (state !== 'succeeded')
    throw refusal(
      `The run ${state === 'failed' ? 'has failed' : `is ${state}`}: no rows are left over from it.`,
    );
  if (rowsRejected === 0) throw refusal('The run has rejected no row.', 'There is nothing to try again.');
  const kept = await countKeptRows(db, id);
  if (kept < rowsRejected)
    throw refusal(`Of the ${rowsRejected} rows that were rejected, only ${kept} were kept with their cells.`);
}

function rewriting({ connector: id, details }: Writeback, registry: Registry) {
  const connector = registry.get(id) as Partial<BatchConnector>;
  return connector.rewritesRows?.(details as never) ?? 'never';
}

/** What a run has to do that tries the rejected rows of this one again. */
export function retriesOf(run: Run): Retries {
  const { id, number, startedAt } = identityOf(run);
  return { rowsOf: run.id, as: run.retries?.as ?? { id, number, startedAt: startedAt.toISOString() } };
}

/**
 * Throws UserError `rejected-rows-conflict` where the rejected rows of a run cannot be tried again: rows alone can be written only
 * where the writeback adds to what is there, or, over what is there, as long as that is not newer than they are. To be asked
 * while no run of the writeback can end: after the new one was started, in its transaction.
 */
export async function requireRetriable(
  transaction: Db,
  run: Run,
  writeback: Writeback,
  registry: Registry,
): Promise<void> {
  await requireRows(transaction, run);
  const when = rewriting(writeback, registry);
  if (when === 'never')
    throw refusal(
      'This writeback writes its DataSet as a whole: some rows alone would take the place of all.',
    );
  if (when === 'whileNewest' && (await hasNewerWhole(transaction, run)))
    throw refusal('A newer run has written since: the rejected rows are older than what is there now.');
}
