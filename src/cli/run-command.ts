import type { Run } from '../connector/contract.ts';
import type { Dataset } from '../dataset/dataset.ts';
import { UserError, isTold } from '../errors.ts';
import { moveRows } from '../run/move-rows.ts';
import { type Receipt, failedReceipt } from '../run/receipt.ts';
import { bytes, count, duration } from './amounts.ts';
import { type Arguments, type CliContext, type Command, exitCodes } from './command.ts';
import { exitCodeOf } from './exit-code.ts';
import { createProgress } from './progress.ts';
import { loadWriteback } from './yaml-file.ts';

function wholeNumber(typed: Arguments, name: string, fallback: number): number {
  const text = typed.text(name);
  if (text === undefined) return fallback;
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw new UserError('command-option', `--${name} must be a whole number from 1, not "${text}".`);
}

function instant(typed: Arguments): Date {
  const text = typed.text('at');
  const at = text === undefined ? new Date() : new Date(text);
  if (!Number.isNaN(at.getTime())) return at;
  throw new UserError(
    'command-option',
    `--at must be a date and time such as 2026-01-31T06:00:00Z, not "${text}".`,
  );
}

/** The receipt as a person reads it. */
function receiptLines(receipt: Receipt): string[] {
  const passed = Date.parse(receipt.finishedAt) - Date.parse(receipt.startedAt);
  const labelled: [string, string][] = [
    ...receipt.location.map((location, index): [string, string] => [index === 0 ? 'Location' : '', location]),
    [
      'Rows',
      `${count(receipt.rowsRead)} read, ${count(receipt.rowsWritten)} written, ${count(receipt.rowsRejected)} rejected`,
    ],
    ['Bytes', `${count(receipt.bytes)} (${bytes(receipt.bytes)})`],
    ['Checksum', receipt.checksum ? `${receipt.checksum.algorithm} ${receipt.checksum.value}` : 'none'],
    ['Time', duration(passed)],
    ['Run', receipt.run],
  ];
  if (receipt.truncated > 0) {
    labelled.push(['Dates', `${count(receipt.truncated)} lost digits below a millisecond`]);
  }
  const rejected = receipt.rejected.slice(0, 10).map(({ row, column, reason }): [string, string] => {
    return ['Rejected', `row ${row}${column === undefined ? '' : `, column "${column}"`}: ${reason}`];
  });
  const warnings = receipt.warnings.map((warning): [string, string] => ['Note', warning]);
  return [...labelled, ...rejected, ...warnings].map(([label, value]) => `  ${label.padEnd(9)} ${value}`);
}

function show(receipt: Receipt, json: boolean, context: CliContext): void {
  if (json) return context.out(JSON.stringify({ event: 'receipt', ...receipt }));
  context.out(`${receipt.writeback}: ${receipt.status}`);
  for (const line of receiptLines(receipt)) context.out(line);
}

/** What is known of the run so far, for the receipt of one that fails. */
interface Head {
  run: string;
  writeback: string;
  readonly startedAt: Date;
}

/** JSON events while the run works: one when it starts, one a second. */
function jsonEvents({ out }: CliContext, json: boolean) {
  let toldAt = performance.now();
  const tell = (event: object) => json && out(JSON.stringify(event));
  return {
    started({ name, columns }: Dataset, { id, number }: Run, rows: number | undefined) {
      tell({ event: 'started', run: id, number, dataset: name, columns: columns.length, rows });
    },
    progress(rows: number, read: number) {
      if (performance.now() - toldAt < 1_000) return;
      toldAt = performance.now();
      tell({ event: 'progress', rows, bytes: read });
    },
  };
}

async function work(typed: Arguments, context: CliContext, head: Head): Promise<Receipt> {
  const json = typed.flag('json');
  const number = wholeNumber(typed, 'run-number', 1);
  const run = { id: typed.text('run-id'), number, startedAt: instant(typed) };
  const writeback = await loadWriteback(typed.positionals[0] ?? '', context);
  head.writeback = writeback.name;
  const shown = createProgress(context, typed.flag('quiet') || json);
  const events = jsonEvents(context, json);
  const started = (dataset: Dataset, known: Run, rows: number | undefined) => {
    head.run = known.id;
    shown.expect(rows);
    events.started(dataset, known, rows);
  };
  const progress = (rows: number, read: number) => {
    shown.update(rows, read);
    events.progress(rows, read);
  };
  try {
    return await moveRows({ ...context, writeback, run, started, progress });
  } finally {
    shown.end();
  }
}

async function run(typed: Arguments, context: CliContext): Promise<number> {
  const json = typed.flag('json');
  const head: Head = {
    run: typed.text('run-id') ?? '',
    writeback: typed.positionals[0] ?? '',
    startedAt: new Date(),
  };
  try {
    const receipt = await work(typed, context, head);
    if (json || !typed.flag('quiet')) show(receipt, json, context);
    return exitCodes.done;
  } catch (error) {
    if (!json) throw error;
    const canceled = context.signal.aborted;
    show(failedReceipt(head, error, canceled), true, context);
    if (!isTold(error) && !canceled) context.log.warn('unexpected error', { stack: (error as Error).stack });
    return exitCodeOf(error, canceled);
  }
}

/** `writeback run FILE`. */
export const runCommand: Command = {
  name: 'run',
  summary: 'Move the rows of a writeback, and print the receipt.',
  usage: 'FILE.yaml',
  minimum: 1,
  maximum: 1,
  options: {
    'run-id': {
      type: 'string',
      value: 'ID',
      help: 'Name the run. Without it, the same file and the same state of the DataSet are the same run.',
    },
    'run-number': { type: 'string', value: 'N', help: 'For {run.number} in names; 1 unless told.' },
    at: {
      type: 'string',
      value: 'TIME',
      help: 'The run’s time, for dates in names: now unless told. A replay of yesterday’s run takes yesterday’s.',
    },
  },
  run,
};
