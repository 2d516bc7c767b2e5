import type { Run } from '../store/run.ts';

/** What an attempt goes through, in order; each name tells what is done then. */
export type Phase = 'prepared' | 'described' | 'moved' | 'published';

/** From when to when a phase took; milliseconds since 1970, with fractions. */
interface TimedPhase {
  readonly phase: Phase;
  readonly from: number;
  readonly to: number;
}

/** Milliseconds that each phase took. */
export interface Timings {
  /** The phase ends now, and the next one begins. */
  end(phase: Phase): void;
  /** `queued` is what the run waited for a worker. */
  all(): Readonly<Record<string, number>>;
  /** Those that have ended. */
  phases(): readonly TimedPhase[];
}

/** A clock that is never set back. */
const now = () => performance.timeOrigin + performance.now();

/** Starts the clock of an attempt. */
export function startTimings({ queuedAt, startedAt }: Pick<Run, 'queuedAt' | 'startedAt'>): Timings {
  const phases: TimedPhase[] = [];
  let last = now();
  return {
    end(phase) {
      const [from, to] = [last, now()];
      phases.push({ phase, from, to });
      last = to;
    },
    all() {
      const queued = Math.max(0, (startedAt ?? queuedAt).getTime() - queuedAt.getTime());
      const took = phases.map(({ phase, from, to }) => [phase, Math.round(to - from)]);
      return { queued, ...(Object.fromEntries(took) as Record<Phase, number>) };
    },
    phases: () => phases,
  };
}
