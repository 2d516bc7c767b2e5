import type { SftpSession } from './sftp-session.ts';

/**
 * Bytes between two flushes. A second channel is a process more on the server and only pays for a large file; and what the
 * last flush finds is no more than this, as long as the disk keeps up: 30 ms, where 800 MB at once took 350, measured.
 */
const interval = 64_000_000;

/** Puts a file on the server's disk while it is still being written. */
export interface EarlyFlush {
  /** The file has been sent up to this place. */
  reached(position: number): void;
  /** Waits for the flush that is under way. Never throws. */
  close(): Promise<void>;
}

/**
 * A server answers nothing else on a channel while it flushes, so this goes over a channel of its own, where another process
 * waits for the disk. It only saves time: a server that gives no second channel or does not flush is not asked again, and
 * whatever goes wrong is told by the last flush, on the handle that wrote: Linux tells a failed write to each handle once.
 */
export function flushEarly(session: SftpSession, path: string, signal: AbortSignal): EarlyFlush {
  const open = async () => {
    const channel = (await session.another(1))(signal);
    return { channel, handle: await channel.open(path) };
  };
  let opening: ReturnType<typeof open> | undefined;
  let next = interval;
  let flushing: Promise<void> | undefined;
  const flush = async (position: number) => {
    const { channel, handle } = await (opening ??= open());
    if (await channel.flush(handle)) next = position + interval;
  };
  return {
    reached(position) {
      if (position < next) return;
      // One at a time, and none after one that failed.
      next = Infinity;
      flushing = flush(position).catch(() => {});
    },
    async close() {
      next = Infinity;
      await flushing;
      await opening?.then(({ channel, handle }) => channel.close(handle)).catch(() => {});
    },
  };
}
