/**
 * Work in as many lanes as may be busy at once; within a lane one piece after the other, in the order in which it was given.
 * What belongs together (rows of one key) goes into one lane, so that the last one given is the last one written.
 */
export interface Lanes<P> {
  readonly count: number;
  /** Waits for the lane's piece before, and begins this one. Throws what any earlier piece threw. */
  give(lane: number, piece: P): Promise<void>;
  /** Waits until no lane is busy; never throws. */
  settle(): Promise<void>;
  /** Throws the first failure, if there was one. */
  check(): void;
}

export function createLanes<P>(count: number, work: (piece: P) => Promise<void>): Lanes<P> {
  const busy: Promise<void>[] = Array.from({ length: count }, () => Promise.resolve());
  const failures: unknown[] = [];
  const check = () => {
    if (failures.length > 0) throw failures[0];
  };
  return {
    count,
    async give(lane, piece) {
      await busy[lane];
      check();
      busy[lane] = work(piece).catch((error: unknown) => void failures.push(error));
    },
    settle: async () => void (await Promise.all(busy)),
    check,
  };
}
