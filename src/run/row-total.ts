import { TemporaryError } from '../errors.ts';

/** What the parts make together. */
interface Whole {
  readonly parts: number;
  /** Rows as the source stated them before the first part was opened; when it did not, the sum is not checked. */
  readonly rows: number | undefined;
  /** Asks the source again. */
  readonly rowsNow: () => Promise<number | undefined>;
  /** Begins the error's code: `domo`, `local`. */
  readonly kind: string;
  readonly signal: AbortSignal;
}

async function checkSum(sum: number, { parts, rows, rowsNow, kind }: Whole): Promise<void> {
  if (rows === undefined || sum === rows) return;
  const now = await rowsNow();
  if (now === undefined || sum === now) return;
  const sentence = `The DataSet states ${rows} rows before and ${now} after the export, but its ${parts} parts have ${sum} together.`;
  throw new TemporaryError(`${kind}-short-export`, sentence, {
    remedy: 'Run it again; nothing was published.',
  });
}

/**
 * Where the parts of one run meet: each calls with its number and its rows when it has read them all, and goes on to publish
 * when every part is there and their sum is what the source states, before or after: each part may be right by itself, and
 * a row still fall between two of them. A part that ends without rows of its own (nothing had to be sent) calls with
 * undefined; only its first call counts. Rejects with TemporaryError `…-short-export`, or with the reason of the abort.
 */
export function createRowTotal(whole: Whole): (part: number, rows: number | undefined) => Promise<void> {
  const { signal, parts } = whole;
  const arrived = new Map<number, number | undefined>();
  const met = Promise.withResolvers<void>();
  const stop = () => met.reject(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  // Node keeps a signal that follows others, and with it the whole run, for as long as somebody listens to it. The catch: nobody
  // may be waiting when it fails; whoever waits is told all the same.
  met.promise.finally(() => signal.removeEventListener('abort', stop)).catch(() => {});
  const finish = async () => {
    const known = [...arrived.values()].filter((rows) => rows !== undefined);
    const sum = known.reduce((total, rows) => total + rows, 0);
    if (known.length === parts) await checkSum(sum, whole);
  };
  return (part, rows) => {
    if (!arrived.has(part) && arrived.set(part, rows).size === parts) finish().then(met.resolve, met.reject);
    return met.promise;
  };
}
