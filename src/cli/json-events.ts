import type { Run } from '../connector/contract.ts';
import type { Dataset } from '../dataset/dataset.ts';
import type { RowsToMove } from '../run/move-rows.ts';
import type { CliContext } from './command.ts';

const interval = 1_000;

/** What `--json` tells while a run works: that it starts, and once a second how far it is. Silent unless `json`. */
export function jsonEvents(
  { out }: CliContext,
  json: boolean,
): Required<Pick<RowsToMove, 'started' | 'progress'>> {
  let toldAt = performance.now();
  const tell = (event: object) => void (json && out(JSON.stringify(event)));
  return {
    started({ name, columns }: Dataset, { id, number }: Run, rows: number | undefined) {
      tell({ event: 'started', run: id, number, dataset: name, columns: columns.length, rows });
    },
    progress(rows: number, bytes: number) {
      if (performance.now() - toldAt < interval) return;
      toldAt = performance.now();
      tell({ event: 'progress', rows, bytes });
    },
  };
}
