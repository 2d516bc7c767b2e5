import type { Db } from '../store/database.ts';
import { keepTraceparent } from '../store/run.ts';
import type { Span, Traces } from '../traces.ts';
import type { Attempt, Attempted, Saved } from './attempt.ts';
import type { Step } from './step.ts';
import { type Timings, startTimings } from './timings.ts';

/** Where spans are told, and where it is kept what they belong to. */
interface TraceParts {
  readonly db: Db;
  readonly traces?: Traces | undefined;
}

function begin(step: Step, { run, interrupted }: Attempt, { definition }: Saved, traces: Traces): Span {
  const facts = {
    'writeback.id': run.writebackId,
    'writeback.connector': definition?.connector,
    'writeback.run.id': run.id,
    'writeback.run.number': run.number,
    'writeback.run.attempt': run.attempt,
    'writeback.run.part': step.kind === 'part' ? step.part.number : undefined,
    'writeback.interrupted': interrupted,
  };
  return traces.begin({ name: `run ${step.kind}`, kind: 'consumer', parent: run.traceparent, facts });
}

/** Ends a span with a piece for each phase. */
function end(span: Span, timings: Timings, attempted: Attempted<unknown> | undefined): void {
  for (const { phase, from, to } of timings.phases()) span.piece(phase, from, to);
  const error = attempted?.state === 'failed' ? attempted.error.code : undefined;
  span.end({ 'writeback.run.state': attempted?.state ?? 'lost' }, error);
}

/**
 * Takes one step of a run, and tells a span of it where traces are told. The first one is what all later attempts, parts and the
 * finish of the run belong to, whoever takes them, unless a call that had a span started the run.
 */
export async function traceAttempt<T>(
  step: Step,
  one: Attempt,
  saved: Saved,
  { db, traces }: TraceParts,
  take: (timings: Timings) => Promise<Attempted<T> | undefined>,
): Promise<Attempted<T> | undefined> {
  const timings = startTimings(one.run);
  if (!traces) return take(timings);
  const span = begin(step, one, saved, traces);
  // No run fails because its trace falls apart.
  if (one.run.traceparent === null) await keepTraceparent(db, one.run.id, span.traceparent).catch(() => {});
  let attempted: Attempted<T> | undefined;
  try {
    return (attempted = await take(timings));
  } finally {
    end(span, timings, attempted);
  }
}
