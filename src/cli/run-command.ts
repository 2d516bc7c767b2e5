import { existsSync } from 'node:fs';
import type { Run } from '../connector/contract.ts';
import type { Dataset } from '../dataset/dataset.ts';
import { UserError } from '../errors.ts';
import { moveRows } from '../run/move-rows.ts';
import { type Receipt, failedReceipt } from '../run/receipt.ts';
import { type Arguments, type CliContext, type Command, exitCodes } from './command.ts';
import { exitCodeOf } from './exit-code.ts';
import { jsonEvents } from './json-events.ts';
import { logUnexpected } from './log-unexpected.ts';
import { createProgress } from './progress.ts';
import { receiptLines } from './receipt-lines.ts';
import { serverOption } from './server.ts';
import { loadWriteback } from './yaml-file.ts';
import { keepYoungSpaceSmall } from './young-space.ts';

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

async function runFile(typed: Arguments, context: CliContext): Promise<number> {
  keepYoungSpaceSmall();
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
    if (!canceled) logUnexpected(error, context.log);
    return exitCodeOf(error, canceled);
  }
}

/** What is meant: a file on this machine, or a writeback that is saved at the server. */
const isFile = (word: string) => /\.ya?ml$/i.test(word) || existsSync(word);

/** `writeback run FILE` and `writeback run NAME`. */
export const runCommand: Command = {
  name: 'run',
  summary: 'Move the rows of a writeback: of a file here, or of one that is saved at the server.',
  usage: 'FILE.yaml|NAME',
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
    follow: { type: 'boolean', help: 'Of a saved one: wait for its end, and tell what happens meanwhile.' },
    'dry-run': { type: 'boolean', help: 'Of a saved one: do all but the writing.' },
    ...serverOption,
  },
  async run(typed, context) {
    const [word = ''] = typed.positionals;
    if (isFile(word)) return runFile(typed, context);
    const { runSaved } = await import('./run-saved.ts');
    return runSaved(word, typed, context);
  },
};
