/** Settles with the promise, or rejects when the signal aborts, whichever is first. */
export async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop = () => {};
  const aborted = new Promise<never>((_, fail) => {
    stop = () => fail(signal.reason as Error);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** What bounds the work: how many at once, and when to stop. */
interface Bounds {
  readonly limit: number;
  readonly signal: AbortSignal;
}

/**
 * Pulls items one by one, makes pieces of each (all of them before the next item is pulled, each when there is room for it)
 * and works on up to `limit` pieces at the same time. The first failure ends the pulling. All work that was begun has ended when this returns
 * or throws, so that what was written can be removed without anything coming after.
 */
export async function inFlight<T, P>(
  items: AsyncIterable<T>,
  pieces: (item: T) => Iterable<P>,
  work: (piece: P) => Promise<void>,
  { limit, signal }: Bounds,
): Promise<void> {
  const running = new Set<Promise<void>>();
  const failures: unknown[] = [];
  const start = (piece: P) => {
    const one = work(piece)
      .catch((error: unknown) => void failures.push(error))
      .finally(() => running.delete(one));
    running.add(one);
  };
  const iterator = items[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await orAborted(iterator.next(), signal);
      if (next.done || failures.length > 0) break;
      const ready = pieces(next.value)[Symbol.iterator]();
      for (;;) {
        while (running.size >= limit) await Promise.race(running);
        if (failures.length > 0) break;
        const piece = ready.next();
        if (piece.done) break;
        start(piece.value);
      }
    }
  } finally {
    // Not awaited: a source that stalls would hold up an abort.
    iterator.return?.().catch(() => {});
    await Promise.all(running);
  }
  if (failures.length > 0) throw failures[0];
}
