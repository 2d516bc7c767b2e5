/**
 * Lends a signal that ends some milliseconds after the run's own, for what should not be cut off once it has begun: a server that
 * was told two things may still do them when nobody waits for its answers any more.
 */
export async function withGrace<T>(
  signal: AbortSignal,
  milliseconds: number,
  use: (late: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const late = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const wait = () => void (timer = setTimeout(() => late.abort(signal.reason), milliseconds));
  signal.addEventListener('abort', wait, { once: true });
  try {
    return await use(late.signal);
  } finally {
    signal.removeEventListener('abort', wait);
    clearTimeout(timer);
  }
}
