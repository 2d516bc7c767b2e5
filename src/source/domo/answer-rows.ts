import { TemporaryError } from '../../errors.ts';

/** What a query's answer says before its rows. */
export interface AnswerHead {
  readonly columns: readonly string[];
  /** Domo's names of the columns' types. */
  readonly types: readonly string[];
}

/** A query's answer, read as it comes: numbers keep all the digits that Domo wrote. */
export interface AnswerRows {
  readonly head: AnswerHead;
  /** Can be pulled once. Throws `domo-export-cut` when the answer ends before its end. */
  readonly rows: AsyncGenerator<(string | null)[]>;
  /** `numRows`, once the rows have ended. */
  stated(): number | undefined;
}

function cut(): TemporaryError {
  const remedy = { remedy: 'Run it again.' };
  return new TemporaryError(
    'domo-export-cut',
    'Domo’s answer to the query ended before it was complete.',
    remedy,
  );
}

function unreadable(cause?: unknown): TemporaryError {
  const sentence = 'Domo’s answer to the query was not of the expected form.';
  return new TemporaryError('domo-answer-unreadable', sentence, { remedy: 'Run it again.', cause });
}

/** Index after the string that begins at `start`, or -1 when its end has not come yet. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (text[at - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return at + 1;
  }
  return -1;
}

/** Index after the `[` of the outermost `"rows": [`, or -1 when it has not come yet. */
function startOfRows(text: string): number {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '{' || char === '[') depth++;
    else if (char === '}' || char === ']') depth--;
    else if (char === '"') {
      const end = endOfString(text, at);
      if (end < 0) return -1;
      const [opening] =
        (depth === 1 && text.slice(at, end) === '"rows"' && /^\s*:\s*\[/.exec(text.slice(end, end + 50))) ||
        [];
      if (opening) return end + opening.length;
      at = end - 1;
    }
  }
  return -1;
}

const scalar = /[^,\]\s]+/y;

/** The cell that begins at `start` and the index after it; undefined when it may go on. */
function readCell(text: string, start: number): { cell: string | null; end: number } | undefined {
  if (text[start] === '"') {
    const end = endOfString(text, start);
    if (end < 0) return undefined;
    const raw = text.slice(start + 1, end - 1);
    return { cell: raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string) : raw, end };
  }
  scalar.lastIndex = start;
  const [word] = scalar.exec(text) ?? [];
  if (word === undefined || /^[{[]/.test(word)) throw unreadable();
  return start + word.length < text.length
    ? { cell: word === 'null' ? null : word, end: start + word.length }
    : undefined;
}

function skip(text: string, start: number, blanks: RegExp): number {
  blanks.lastIndex = start;
  return start + (blanks.exec(text)?.[0].length ?? 0);
}

/** The row whose `[` stands at `start`; undefined when it has not come whole. */
function readRow(text: string, start: number): { row: (string | null)[]; end: number } | undefined {
  const row: (string | null)[] = [];
  for (let at = start + 1; ;) {
    at = skip(text, at, /[\s,]*/y);
    if (at >= text.length) return undefined;
    if (text[at] === ']') return { row, end: at + 1 };
    const found = readCell(text, at);
    if (!found) return undefined;
    row.push(found.cell);
    at = found.end;
  }
}

/** A window over a text that is still coming. */
function createWindow(bytes: AsyncGenerator<Uint8Array>) {
  const decoder = new TextDecoder();
  const window = {
    text: '',
    /** Drops what was read and adds what comes next; false at the end. */
    async more(read: number): Promise<boolean> {
      const { value, done } = await bytes.next();
      window.text =
        window.text.slice(read) + (done ? decoder.decode() : decoder.decode(value, { stream: true }));
      return !done;
    },
  };
  return window;
}

type Window = ReturnType<typeof createWindow>;

function parseHead(text: string): AnswerHead {
  try {
    const { columns, metadata } = JSON.parse(`${text}]}`) as {
      columns: string[];
      metadata?: { type: string }[];
    };
    if (!Array.isArray(columns)) throw new TypeError('no columns before the rows');
    return { columns, types: columns.map((_, index) => metadata?.[index]?.type ?? 'STRING') };
  } catch (error) {
    throw unreadable(error);
  }
}

async function* readRows(
  window: Window,
  start: number,
  end: (tail: string) => void,
): AsyncGenerator<(string | null)[]> {
  for (let at = start; ;) {
    at = skip(window.text, at, /[\s,]*/y);
    const next = window.text[at];
    if (next === ']') {
      window.text = window.text.slice(at);
      while (await window.more(0)) continue;
      return end(window.text);
    }
    if (next !== undefined && next !== '[') throw unreadable();
    const found = next === '[' ? readRow(window.text, at) : undefined;
    if (found) {
      yield found.row;
      at = found.end;
      continue;
    }
    if (!(await window.more(at))) throw cut();
    at = 0;
  }
}

/**
 * Reads the answer of `POST /v1/datasets/query/execute/{id}` as a stream: columns and types, which Domo writes first, then row
 * after row. Throws `domo-answer-unreadable`, `domo-export-cut` and what `bytes` throws.
 */
export async function readAnswer(bytes: AsyncGenerator<Uint8Array>): Promise<AnswerRows> {
  const window = createWindow(bytes);
  let start = -1;
  let stated: number | undefined;
  while (start < 0) {
    if (!(await window.more(0))) throw window.text.trimEnd().endsWith('}') ? unreadable() : cut();
    start = startOfRows(window.text);
  }
  const rows = readRows(window, start, (tail) => {
    if (!tail.trimEnd().endsWith('}')) throw cut();
    const number = /"numRows"\s*:\s*(\d+)/.exec(tail)?.[1];
    stated = number === undefined ? undefined : Number(number);
  });
  return { head: parseHead(window.text.slice(0, start)), rows, stated: () => stated };
}
