import { setMaxListeners } from 'node:events';
import type { SFTPWrapper, Stats } from 'ssh2';
import { TemporaryError } from '../../errors.ts';
import { type DirectWrites, frameHead } from './direct-writes.ts';

type Callback<T> = (error: Error | null | undefined, value: T) => void;

/**
 * Milliseconds that one operation may take, counted anew from each answer to another one: over a slow line a full window
 * takes its time. Needed because ssh2 never calls back after a connection has died quietly.
 */
const operationLimit = 60_000;

/** Flushing or closing gigabytes may keep a slow disk busy for long. */
const flushLimit = 600_000;

/** SFTP operations as promises; each fails when its time, the connection or the signal ends. Errors are ssh2's own, with a status in `code`. */
export interface SftpChannel {
  /** Milliseconds of the quickest operation so far: about a round trip. Infinity before the first. */
  readonly roundTrip: () => number;
  /** Creates the file, or empties the one that is there. */
  create(path: string): Promise<Buffer>;
  /** Opens a file that is there, to write into it. */
  open(path: string): Promise<Buffer>;
  /** `bytes` is copied before this returns. */
  write(handle: Buffer, bytes: Uint8Array, position: number): Promise<void>;
  /** Writes what follows `frameHead(handle)` bytes of room. The frame must not change until the answer. */
  writeFrame(handle: Buffer, frame: Buffer, position: number): Promise<void>;
  /** Makes the server put the file on its disk; false when it does not offer that. */
  flush(handle: Buffer): Promise<boolean>;
  close(handle: Buffer): Promise<void>;
  stat(path: string): Promise<Stats>;
  remove(path: string): Promise<void>;
  /** Fails by the protocol when `to` is there, though some servers replace it. */
  rename(from: string, to: string): Promise<void>;
  /** Replaces `to` at once; false when the server does not offer that. */
  replace(from: string, to: string): Promise<boolean>;
  makeFolder(path: string): Promise<void>;
  realPath(path: string): Promise<string>;
  /** Bytes that are free for us around `path`; undefined when the server does not tell. */
  freeBytes(path: string): Promise<number | undefined>;
}

/** Shared by all operations of a channel. */
interface Pulse {
  /** When the last answer came, in milliseconds of the clock. */
  last: number;
  /** Milliseconds of the quickest operation. */
  quickest: number;
}

/** Runs one operation of ssh2 under a signal and a time limit. */
export async function settle<T>(
  signal: AbortSignal,
  limit: number,
  start: (callback: Callback<T>) => void,
  pulse: Pulse = { last: 0, quickest: Infinity },
): Promise<T> {
  signal.throwIfAborted();
  const begun = performance.now();
  let timer: NodeJS.Timeout | undefined;
  let stop: (() => void) | undefined;
  try {
    return await new Promise<T>((done, fail) => {
      stop = () => fail(signal.reason as Error);
      signal.addEventListener('abort', stop, { once: true });
      const watch = () => {
        const left = limit - (performance.now() - Math.max(begun, pulse.last));
        if (left <= 0)
          fail(
            new TemporaryError('sftp-no-answer', `The server did not answer within ${limit / 1000} seconds.`),
          );
        else timer = setTimeout(watch, left);
      };
      watch();
      start((error, value) => (error ? fail(error) : done(value)));
    });
  } finally {
    clearTimeout(timer);
    pulse.last = performance.now();
    pulse.quickest = Math.min(pulse.quickest, pulse.last - begun);
    if (stop) signal.removeEventListener('abort', stop);
  }
}

/** Offered or not is known by ssh2 only, which throws at once when an extension is missing. */
async function extension(run: () => Promise<unknown>): Promise<boolean> {
  try {
    await run();
    return true;
  } catch (error) {
    if (error instanceof Error && /does not support this extended/i.test(error.message)) return false;
    throw error;
  }
}

/** SSH_FXF_WRITE alone: neither made nor emptied. */
const writeOnly = 2;

type FileSystem = { readonly f_bavail: number; readonly f_frsize: number };

/** The operations over an open SFTP channel. `signal` ends all that are under way; combine it with the connection's end. */
export function createChannel(
  sftp: SFTPWrapper,
  signal: AbortSignal,
  direct: DirectWrites | undefined,
): SftpChannel {
  const pulse: Pulse = { last: 0, quickest: Infinity };
  // Every write of the window listens.
  setMaxListeners(0, signal);
  // Not for ever: the connection's end, which always comes, ends the signal too.
  signal.addEventListener('abort', () => direct?.forget(), { once: true });
  const call = <T>(start: (callback: Callback<T>) => void, limit = operationLimit) =>
    settle(signal, limit, start, pulse);
  const plain = (start: (done: (error?: Error | null) => void) => void, limit?: number) =>
    call<void>((done) => start((error) => done(error, undefined)), limit);
  const write = (handle: Buffer, bytes: Uint8Array, position: number) =>
    plain((done) => sftp.write(handle, bytes as Buffer, 0, bytes.length, position, done));
  return {
    roundTrip: () => pulse.quickest,
    create: (path) => call<Buffer>((done) => sftp.open(path, 'w', done)),
    open: (path) => call<Buffer>((done) => sftp.open(path, writeOnly, done)),
    write,
    writeFrame: (handle, frame, position) =>
      direct
        ? plain((done) => direct.write(handle, frame, position, done))
        : write(handle, frame.subarray(frameHead(handle)), position),
    flush: (handle) => extension(() => call((done) => sftp.ext_openssh_fsync(handle, done), flushLimit)),
    close: (handle) => plain((done) => sftp.close(handle, done), flushLimit),
    stat: (path) => call<Stats>((done) => sftp.stat(path, done)),
    remove: (path) => plain((done) => sftp.unlink(path, done)),
    rename: (from, to) => plain((done) => sftp.rename(from, to, done)),
    replace: (from, to) => extension(() => plain((done) => sftp.ext_openssh_rename(from, to, done))),
    makeFolder: (path) => plain((done) => sftp.mkdir(path, done)),
    realPath: (path) => call<string>((done) => sftp.realpath(path, done)),
    async freeBytes(path) {
      let found: number | undefined;
      const keep = (system: FileSystem) => (found = system.f_bavail * system.f_frsize);
      const ask = () => call<FileSystem>((done) => sftp.ext_openssh_statvfs(path, done)).then(keep);
      await extension(ask).catch(() => false);
      return found;
    },
  };
}
