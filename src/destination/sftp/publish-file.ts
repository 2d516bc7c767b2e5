import { createHash } from 'node:crypto';
import type { OutgoingFile } from '../../connector/contract.ts';
import { TemporaryError, UserError, isTold } from '../../errors.ts';
import { diskFull, explainStatus, saysFull, status, statusOf } from './explain.ts';
import { withGrace } from './grace.ts';
import { makeFolders } from './make-folders.ts';
import { folderOf, inFolder } from './remote-path.ts';
import { type FoundSize, type Names, publish, restore, sizeOf } from './rename-ladder.ts';
import type { SftpChannel } from './sftp-channel.ts';
import type { SftpSession } from './sftp-session.ts';
import { type Lane, stripe } from './stripes.ts';
import { writeBody } from './write-body.ts';

/** How a file is published. */
export interface PublishOptions {
  readonly createFolders: boolean;
  readonly writeInPlace: boolean;
  readonly concurrentWrites: boolean;
  /** Whose temporary names these are: the same for every attempt of every run of one writeback. */
  readonly owner: string;
  readonly signal: AbortSignal;
  warn(sentence: string): void;
}

/** Bytes that a file name may have on practically every server. */
const longestName = 255;

/**
 * The names beside a final path. They are the same for every attempt, so that an attempt truncates and reuses what a
 * killed one left; the hash keeps two writebacks apart that happen to write to the same name.
 */
export function namesFor(final: string, owner: string): Names {
  const folder = folderOf(final);
  const hash = createHash('sha256').update(`${owner}\0${final}`).digest('hex').slice(0, 8);
  const room = longestName - `..${hash}.part`.length;
  const name = Buffer.from(final.slice(final.lastIndexOf('/') + 1))
    .subarray(0, room)
    .toString()
    .replace(/\uFFFD+$/, '');
  const beside = (ending: string) => inFolder(folder, `.${name}.${hash}.${ending}`);
  return { final, temporary: beside('part'), aside: beside('old') };
}

const roomForHandle = 1_000_000;

/** A server that only says “Failure” is asked whether its disk is full. */
async function explainWrite(channel: SftpChannel, path: string, error: unknown): Promise<Error> {
  if (saysFull(error)) return diskFull(path, error);
  if (statusOf(error) !== status.failure) return explainStatus(error, { doing: 'write', path });
  const free = await channel.freeBytes(folderOf(path)).catch(() => undefined);
  if (free !== undefined && free < roomForHandle) return diskFull(path, error);
  const text = error instanceof Error ? error.message : String(error);
  return new UserError('sftp-write-refused', `The server could not store all of ${path}: ${text}.`, {
    remedy:
      'Its disk or your quota may be full. If not, it may take files only in order: turn Concurrent Writes off.',
    cause: error,
  });
}

async function flush(channel: SftpChannel, handle: Buffer, path: string): Promise<void> {
  try {
    await channel.flush(handle);
  } catch (error) {
    const harmless = statusOf(error) === status.unsupported || statusOf(error) === status.permissionDenied;
    if (!harmless) throw await explainWrite(channel, path, error);
  }
}

/** Flushes and closes the file, and returns what lies there then. Three questions, sent together where answers come in order. */
async function finish({ channel, handle }: Lane, path: string, together: boolean): Promise<FoundSize> {
  const flushed = flush(channel, handle, path);
  if (!together) await flushed;
  const closed = channel.close(handle).catch(async (error: unknown) => {
    throw await explainWrite(channel, path, error);
  });
  if (!together) await closed;
  const [size] = await Promise.all([sizeOf(channel, path), flushed, closed]);
  return size;
}

/** A server that lets nothing be overwritten (ProFTPD's AllowOverwrite) wants what a killed attempt left to be removed first. */
async function create(channel: SftpChannel, path: string, inPlace: boolean): Promise<Buffer> {
  try {
    return await channel.create(path).catch(async (error: unknown) => {
      if (inPlace || statusOf(error) === undefined) throw error;
      await channel.remove(path).catch(() => {
        throw error;
      });
      return channel.create(path);
    });
  } catch (error) {
    throw explainStatus(error, { doing: 'create', path });
  }
}

/** What was sent, and what lies there after it was closed. */
interface Written {
  readonly bytes: number;
  readonly found: FoundSize;
}

async function writeFile(
  session: SftpSession,
  channel: SftpChannel,
  path: string,
  file: OutgoingFile,
  options: PublishOptions,
): Promise<Written> {
  const handle = await create(channel, path, options.writeInPlace);
  const size = session.writeSize(handle.length);
  const first: Lane = { channel, handle, underWay: 0 };
  const stripes = stripe(session, first, path, options.signal);
  try {
    const { bytes, careful } = await writeBody(first, stripes, file.body, {
      size,
      concurrent: options.concurrentWrites,
    });
    if (careful && options.concurrentWrites) {
      options.warn(
        'The server refused writes out of order, so they were sent one by one: turning Concurrent Writes off saves the attempt.',
      );
    }
    // All is acknowledged, so the handles may go in any order.
    const [found] = await Promise.all([finish(first, path, session.answersInOrder), stripes.close()]);
    return { bytes, found };
  } catch (error) {
    if (isTold(error) || statusOf(error) === undefined || error instanceof DOMException) throw error;
    throw await explainWrite(channel, path, error);
  }
}

/** A server may acknowledge everything and keep nothing (a hard quota, for one): what lies there afterwards is what counts. */
function verifySize(path: string, { bytes, found }: Written, options: PublishOptions): void {
  if (found === bytes) return;
  if (found === 'hidden')
    return options.warn(
      'The server does not let files be looked at, so the size of the file could not be checked.',
    );
  if (found === 'missing') {
    throw new UserError(
      'sftp-file-incomplete',
      `The server took all ${bytes} bytes of ${path}, and then the file was gone.`,
      {
        remedy:
          'Most often a quota is full, or a program on the server takes files away as soon as they are closed.',
      },
    );
  }
  throw new TemporaryError(
    'sftp-file-incomplete',
    `The server took ${bytes} bytes of ${path} but holds ${found}.`,
    {
      remedy:
        'Try again; if it stays so, ask the administrator about quotas and about programs that change arriving files.',
    },
  );
}

/** Milliseconds for tidying up after a failure, so that Ctrl-C ends soon. */
const tidyLimit = 1000;

/** Milliseconds that a run which is cancelled between two renames has to end them. */
const publishGrace = 1000;

/** What a failed attempt may have left: one file, and with `names` an older one that stands aside. */
export interface Remains {
  readonly path: string;
  readonly names?: Names;
}

/** Removes what a failed attempt left, as far as the connection still allows; tells whether that was done. */
export async function tidy(session: SftpSession, { path, names }: Remains): Promise<boolean> {
  const channel = session.channel(AbortSignal.timeout(tidyLimit));
  try {
    if (names) await restore(channel, names);
    await channel.remove(path);
    return true;
  } catch (error) {
    return statusOf(error) === status.noSuchFile;
  }
}

/**
 * Writes one file under a temporary name, checks it, and gives it its final name. When anything fails, nothing of it stays
 * if the server can still be reached; `leftBehind` is told when it cannot.
 */
export async function publishFile(
  session: SftpSession,
  file: OutgoingFile,
  final: string,
  options: PublishOptions,
  leftBehind: (remains: Remains) => void,
): Promise<void> {
  const channel = session.channel(options.signal);
  const names = namesFor(final, options.owner);
  const path = options.writeInPlace ? final : names.temporary;
  let remains: Remains = { path };
  await makeFolders(channel, folderOf(final), options.createFolders);
  try {
    const written = await writeFile(session, channel, path, file, options);
    verifySize(path, written, options);
    if (options.writeInPlace)
      return options.warn(`${final} was written in place: a reader may have seen a part of it.`);
    remains = { path, names };
    const rung = await withGrace(options.signal, publishGrace, (late) =>
      publish(session.channel(late), names, written.bytes),
    );
    if (rung === 'deleted first')
      options.warn(`The server let ${final} be replaced only by deleting the older file first.`);
  } catch (error) {
    if (!(await tidy(session, remains))) leftBehind(remains);
    throw error;
  }
}
