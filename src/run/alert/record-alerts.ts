import { type AlertKind, insertAlerts } from '../../store/alert.ts';
import type { Db } from '../../store/database.ts';
import { type Run, runBefore } from '../../store/run.ts';
import type { Writeback } from '../../store/writeback.ts';
import type { Definition } from '../definition.ts';
import { type RunFacts, decideAlerts } from './decide-alerts.ts';

function factsOf({ state, rowsRead, rowsRejected, receipt }: Run): RunFacts {
  const location = receipt?.['location'];
  const unchanged = state === 'succeeded' && Array.isArray(location) && location.length === 0;
  return { state: state as RunFacts['state'], rowsRead, rowsRejected, unchanged };
}

const sentences: Record<AlertKind, (name: string, run: Run) => string> = {
  failed: (name, { error }) => `“${name}” failed: ${String(error?.['message'])}`,
  recovered: (name, { rowsWritten }) => `“${name}” works again: ${rowsWritten} rows were written.`,
  'no-data': (name) => `“${name}” ran, but its DataSet has no rows.`,
  'rejected-rows': (name, { rowsRejected }) => `“${name}” ran, but ${rowsRejected} rows were rejected.`,
  'no-update': (name) => `“${name}” has not been updated.`,
  paused: (name, { error }) => `“${name}” was paused: ${String(error?.['message'])}`,
};

/** What there is something to tell of. */
interface Told {
  readonly writeback: Writeback;
  readonly definition?: Definition | undefined;
}

/** Writes down what people are to be told of a run that is over, in the transaction that ends it. `paused`: the run's failure paused the writeback. */
export async function recordAlerts(
  transaction: Db,
  { writeback: { id, name }, definition }: Told,
  run: Run,
  paused = false,
): Promise<void> {
  if (run.dryRun || run.state === 'canceled') return;
  const last = await runBefore(transaction, run, ['succeeded', 'failed']);
  const lastSuccess = last?.state === 'failed' ? await runBefore(transaction, run, ['succeeded']) : last;
  const before = { last: last && factsOf(last), lastSuccess: lastSuccess && factsOf(lastSuccess) };
  const kinds: AlertKind[] = paused
    ? ['paused']
    : decideAlerts(before, factsOf(run), definition?.alerts?.rejectedRows);
  await insertAlerts(
    transaction,
    kinds.map((kind) => ({ writebackId: id, runId: run.id, kind, message: sentences[kind](name, run) })),
  );
}
