import type { Run } from '../store/run.ts';

/** What an attempt goes through, in order; each name tells what is done then. */
export type Phase = 'prepared' | 'described' | 'moved' | 'published';

/** Milliseconds that each phase took. */
export interface Timings {
  /** The phase ends now, and the next one begins. */
  end(phase: Phase): void;
  /** `queued` is what the run waited for a worker. */
  all(): Readonly<Record<string, number>>;
}

/** Starts the clock of an attempt. */
export function startTimings({ queuedAt, startedAt }: Pick<Run, 'queuedAt' | 'startedAt'>): Timings {
  const took: Partial<Record<Phase, number>> = {};
  let last = performance.now();
  return {
    end(phase) {
      const now = performance.now();
      took[phase] = Math.round(now - last);
      last = now;
    },
    all: () => ({ queued: Math.max(0, (startedAt ?? queuedAt).getTime() - queuedAt.getTime()), ...took }),
  };
}
