import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { storePlace } from '../config.ts';
import { UserError } from '../errors.ts';
import { dumpStore } from '../store/dump.ts';
import { explainStoreError } from '../store/explain-store-error.ts';
import { type FoundDatabase, type StorePlace, openDatabase } from '../store/open.ts';
import { type Restored, moveStore, restoreStore } from '../store/restore.ts';
import { type Action, type ActionCall, actionsCommand } from './actions.ts';
import { count } from './amounts.ts';
import type { CliContext } from './command.ts';
import { table } from './table.ts';
import { createTell } from './tell.ts';

/** Lends the database as it is. */
async function withDatabase<T>(
  place: StorePlace,
  { log, signal }: CliContext,
  work: (pool: FoundDatabase['pool']) => Promise<T>,
): Promise<T> {
  const { pool, close } = await openDatabase(place, log, signal);
  try {
    return await work(pool);
  } catch (error) {
    throw explainStoreError(error);
  } finally {
    await close();
  }
}

function fileRefused(file: string, cause: unknown): UserError {
  return new UserError('db-file', `The file ${file} cannot be used: ${(cause as Error).message}.`, { cause });
}

async function* withLineEnds(lines: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const line of lines) yield `${line}\n`;
}

/** The whole dump or no file; readable for this user alone, because names of people and hosts stand in it. */
async function writeDump(file: string, lines: AsyncIterable<string>, signal: AbortSignal): Promise<void> {
  const temporary = `${file}.part`;
  try {
    const out = createWriteStream(temporary, { mode: 0o600, flush: true });
    await pipeline(Readable.from(withLineEnds(lines)), out, { signal });
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    const { syscall } = error as NodeJS.ErrnoException;
    throw syscall === 'open' || syscall === 'rename' ? fileRefused(file, error) : error;
  }
}

const dump: Action = {
  usage: 'FILE',
  summary: 'Write all that the database holds into a file, while the service runs. Secrets stay sealed.',
  async run({ words: [file = ''], context }) {
    await withDatabase(storePlace(), context, (pool) => writeDump(file, dumpStore(pool), context.signal));
  },
};

async function* linesOf(file: string): AsyncGenerator<string> {
  const input = createReadStream(file, 'utf8');
  const failed = new Promise<never>((_, reject) =>
    input.once('error', (error) => reject(fileRefused(file, error))),
  );
  failed.catch(() => {});
  const lines = createInterface({ input, crlfDelay: Infinity })[Symbol.asyncIterator]();
  for (;;) {
    const { value, done } = await Promise.race([lines.next(), failed]);
    if (done) return;
    yield value;
  }
}

function tellRestored({ typed, context }: ActionCall, restored: Restored): void {
  createTell(typed, context)('restored', { rows: restored }, () =>
    table(
      ['table', 'rows'],
      Object.entries(restored).map(([name, rows]) => [name, count(rows)]),
    ),
  );
}

const restore: Action = {
  usage: 'FILE',
  summary: 'Fill an empty database with a dump. The key file comes from its own backup.',
  async run(call) {
    const [file = ''] = call.words;
    const lines = linesOf(file);
    tellRestored(call, await withDatabase(storePlace(), call.context, (pool) => restoreStore(pool, lines)));
  },
};

const move: Action = {
  usage: '',
  summary: 'Carry the embedded database of the data folder to the empty PostgreSQL that DATABASE_URL names.',
  async run(call) {
    const { databaseUrl, dataFolder } = storePlace();
    if (databaseUrl === undefined)
      throw new UserError('db-move', 'DATABASE_URL does not say where to move to.', {
        remedy: 'Set it to the address of an empty database.',
      });
    const moved = await withDatabase({ dataFolder }, call.context, (from) =>
      withDatabase({ databaseUrl, dataFolder }, call.context, (to) => moveStore(from, to)),
    );
    tellRestored(call, moved);
  },
};

/** `writeback db`. */
export const dbCommand = actionsCommand(
  { name: 'db', summary: 'Back up, restore and move the database of this machine: dump, restore, move.' },
  { dump, restore, move },
  {},
);
