// `npm run demo`: a Domo API and five destinations on this machine, 200,000 rows to each, and every row read back.
import assert from 'node:assert/strict';
import { comparableRows } from '../src/connector/conformance/rows.ts';
import type { ConformanceTarget, StoredRow } from '../src/connector/conformance.ts';
import { createRegistry } from '../src/connector/registry.ts';
import { bytes, count, duration } from '../src/cli/amounts.ts';
import { table } from '../src/cli/table.ts';
import { createEgress } from '../src/egress/egress.ts';
import { createLog } from '../src/log.ts';
import { moveRows } from '../src/run/move-rows.ts';
import type { Receipt } from '../src/run/receipt.ts';
import { checkWriteback } from '../src/run/writeback.ts';
import { canonicalRows } from './servers/canonical-rows.ts';
import { mixedColumns, mixedCsv } from './data/mixed-rows.ts';
import { demoDataset, startDemoDomo } from './servers/demo-dataset.ts';
import type { DomoStandIn } from './servers/domo-stand-in.ts';
import { ownValues } from './servers/own-values.ts';
import { standInTargets } from './servers/stand-in-targets.ts';

const say = (line = '') => process.stdout.write(`${line}\n`);

async function move({ account }: DomoStandIn, target: ConformanceTarget): Promise<Receipt> {
  const { connector } = target;
  const registry = createRegistry([connector]);
  const source = { kind: 'domo', ...account, datasetId: demoDataset.id };
  const value = { name: 'Demo', source, connector: connector.id, ...ownValues(target) };
  const log = createLog(() => {});
  return moveRows({
    writeback: checkWriteback(value, registry),
    registry,
    run: { number: 1, startedAt: new Date() },
    egress: createEgress(),
    log,
    signal: new AbortController().signal,
  });
}

/** Moves the DataSet and reads it back with a reader that shares no code with the connector. */
async function show(
  domo: DomoStandIn,
  name: string,
  open: () => Promise<ConformanceTarget>,
  expected: readonly string[],
) {
  const target = await open();
  try {
    const receipt = await move(domo, target);
    const stored: readonly StoredRow[] = (await target.stored()) ?? [];
    const equal = JSON.stringify(comparableRows(stored, mixedColumns)) === JSON.stringify(expected);
    const passed = Date.parse(receipt.finishedAt) - Date.parse(receipt.startedAt);
    return { name, receipt, passed, equal, read: stored.length, left: await target.leftovers() };
  } finally {
    await target.close();
  }
}

const domo = await startDemoDomo();
const { rows } = demoDataset;
try {
  const expected = comparableRows(canonicalRows(Buffer.concat([...mixedCsv(rows)])), mixedColumns);
  say(
    `A DataSet of ${count(rows)} rows and ${mixedColumns.length} columns, from a stand-in of Domo's API to five destinations:`,
  );
  say();
  const shown = [];
  for (const [name, open] of Object.entries(standInTargets)) {
    const one = await show(domo, name, open, expected);
    shown.push(one);
    say(`${one.equal ? '✓' : '✗'} ${one.receipt.location.join(', ')}`);
  }
  say();
  const lines = shown.map(({ name, receipt, passed, equal, read, left }) => [
    name,
    count(receipt.rowsWritten),
    count(receipt.rowsRejected),
    bytes(receipt.bytes),
    receipt.checksum?.value ?? '',
    duration(passed),
    `${count((receipt.rowsWritten / passed) * 1000)}/s`,
    count(read),
    `${equal ? 'equal' : 'DIFFERENT'}${left.length > 0 ? `, left behind: ${left.join(', ')}` : ''}`,
  ]);
  for (const line of table(
    ['destination', 'written', 'rejected', 'bytes', 'crc32', 'time', 'rows', 'read back', 'compared'],
    lines,
  ))
    say(line);
  assert.ok(
    shown.every(({ equal, left }) => equal && left.length === 0),
    'A destination differs from the source.',
  );
} finally {
  await domo.stop();
}
