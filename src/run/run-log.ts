import { type Log, createLog, createRedactor } from '../log.ts';
import type { Db } from '../store/database.ts';
import type { Run } from '../store/run.ts';
import { type RunEvent, countLogLines, insertRunEvents } from '../store/run-event.ts';

/** A run's own log, kept in the database: the lines that a person sees on the run's page. */
export interface RunLog extends Log {
  /** A copy of plain data without the run's secrets, and without what PostgreSQL refuses in a text. */
  readonly clean: <T>(value: T) => T;
  /** Writes what waits, and ends. */
  close(): Promise<void>;
}

/** Lines of all attempts together; more than that nobody reads. */
const mostLines = 10_000;
/** Characters of a line's text, and of its fields as JSON. */
const longest = 4_000;
/** Milliseconds until a line is written: many go in one statement. */
const patience = 500;
/** Lines of one statement; PostgreSQL takes 65,535 parameters. */
const linesAtOnce = 1_000;

type NewLine = Pick<RunEvent, 'runId' | 'attempt' | 'at' | 'kind' | 'message'> & {
  readonly level: 'info' | 'warn';
  readonly fields: string;
};

function lineOf({ id, attempt }: Run, json: string): NewLine {
  const { time, level, text, ...fields } = JSON.parse(json) as {
    time: string;
    level: 'info' | 'warn';
    text: string;
  };
  const rest = JSON.stringify(fields);
  return {
    runId: id,
    attempt,
    at: new Date(time),
    kind: 'log',
    level,
    message: text.slice(0, longest),
    fields: rest.length > longest ? '{}' : rest,
  };
}

/** PostgreSQL has neither U+0000 nor half a surrogate pair in a text. */
const storable = (text: string) => text.replaceAll('\0', '\uFFFD').toWellFormed();

/**
 * Tells which of the lines that are to be written the log has room for; behind the last one stands that it is full. What earlier
 * attempts wrote is counted for the first line only: most parts of a run have none.
 */
function createRoom(db: Db, { id }: Run) {
  let room: number | undefined;
  return async (lines: readonly NewLine[]): Promise<readonly NewLine[]> => {
    const left = room ?? mostLines - (await countLogLines(db, id));
    room = left - lines.length;
    if (left <= 0) return [];
    if (room > 0) return lines;
    const last = lines.slice(0, left);
    return [...last, { ...last.at(-1)!, message: 'The log is full.', fields: '{}' }];
  };
}

/** Writes lines in the order they came, some at a time. What the database does not take is told in the log of the process, and lost. */
function createWriter(db: Db, run: Run, processLog: Log) {
  let waiting: NewLine[] = [];
  let added = 0;
  let timer: NodeJS.Timeout | undefined;
  let written: Promise<void> = Promise.resolve();
  const fitting = createRoom(db, run);
  const write = async (given: readonly NewLine[]) => {
    if (given.length === 0) return;
    try {
      const lines = await fitting(given);
      for (let at = 0; at < lines.length; at += linesAtOnce)
        await insertRunEvents(db, lines.slice(at, at + linesAtOnce));
    } catch (error) {
      processLog.warn('Lines of a run were lost.', { lines: given.length, error: String(error) });
    }
  };
  const flush = (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    const lines = waiting;
    waiting = [];
    written = written.then(() => write(lines));
    return written;
  };
  return {
    add(line: NewLine): void {
      // There is never room for more, so no more wait for a slow database.
      if (added >= mostLines) return;
      added += 1;
      waiting.push(line);
      timer ??= setTimeout(() => void flush(), patience).unref();
    },
    flush,
  };
}

/** Opens the log of one attempt. It hides the secrets of its own run and of no other. */
export function openRunLog(db: Db, run: Run, processLog: Log): RunLog {
  const redactor = createRedactor();
  const writer = createWriter(db, run, processLog);
  const redact = (text: string) => storable(redactor.redact(text));
  const log = createLog((json) => writer.add(lineOf(run, json)), { ...redactor, redact });
  // Cells of rejected rows are the DataSet's, and are written again as they came, whatever they look like.
  const cleaned = (key: string, value: unknown) =>
    typeof value === 'string' && key !== 'cells' ? redact(value) : value;
  return {
    ...log,
    clean: <T>(value: T) => JSON.parse(JSON.stringify(value, cleaned)) as T,
    close: writer.flush,
  };
}
