import type { OutputCell } from '../store/output-row.ts';
import type { Receipt } from './receipt.ts';

/** The row that a run adds to the writeback's output DataSet: what its connector tells, or else what every receipt does. */
export function outputCells(receipt: Receipt): Readonly<Record<string, OutputCell>> {
  if (receipt.metrics) return receipt.metrics;
  const { run, status, startedAt, finishedAt, rowsRead, rowsWritten, rowsRejected, bytes, location } =
    receipt;
  return {
    run,
    status,
    started: startedAt,
    finished: finishedAt,
    rowsRead,
    rowsWritten,
    rowsRejected,
    bytes,
    location: location.join(', '),
  };
}
