import type { Receipt } from '../run/receipt.ts';
import { bytes, count, duration } from './amounts.ts';

type Line = readonly [label: string, value: string];

/** Rejected rows beyond these are counted only; `--json` lists more. */
const shownRows = 10;

function factsOf(receipt: Receipt): Line[] {
  const { rowsRead, rowsWritten, rowsRejected, checksum } = receipt;
  const passed = Date.parse(receipt.finishedAt) - Date.parse(receipt.startedAt);
  return [
    ['Rows', `${count(rowsRead)} read, ${count(rowsWritten)} written, ${count(rowsRejected)} rejected`],
    ['Bytes', `${count(receipt.bytes)} (${bytes(receipt.bytes)})`],
    ['Checksum', checksum ? `${checksum.algorithm} ${checksum.value}` : 'none'],
    ['Time', duration(passed)],
    ['Run', receipt.run],
  ];
}

/** The receipt as a person reads it. */
export function receiptLines(receipt: Receipt): string[] {
  const { truncated } = receipt;
  const lines: Line[] = [
    ...receipt.location.map((location, index): Line => [index === 0 ? 'Location' : '', location]),
    ...factsOf(receipt),
    ...(truncated > 0
      ? [['Dates', `${count(truncated)} lost digits that the destination cannot hold`] as const]
      : []),
    ...receipt.rejected.slice(0, shownRows).map(({ row, column, reason }): Line => {
      return ['Rejected', `row ${row}${column === undefined ? '' : `, column "${column}"`}: ${reason}`];
    }),
    ...receipt.warnings.map((warning): Line => ['Note', warning]),
  ];
  return lines.map(([label, value]) => `  ${label.padEnd(9)} ${value}`);
}
