import { TemporaryError } from '../errors.ts';

/** Milliseconds between two looks at the clock. */
const interval = 100;

/** Milliseconds. A worker that is not heard of for ten seconds is given up, and it tells of itself every two (`engine.ts`). */
const longest = 8_000;

/** The code of the error that `watchFreeze` tells. */
export const frozenCode = 'run-frozen';

/**
 * Tells when this thread has stood still for so long that another worker may have its run: the process was stopped, or its machine
 * was. Told within one turn of the event loop after it has woken: as a rule before a request is made that would put old rows over
 * newer ones. The queue, which knows for certain, is asked too late for that. By the clock on the wall, which goes on while a
 * machine sleeps; when somebody sets it ahead, the run is done again. Answers with the way to end the watch.
 */
export function watchFreeze(tell: (error: TemporaryError) => void, atMost = longest): () => void {
  let seen = Date.now();
  const timer = setInterval(() => {
    const stood = Date.now() - seen;
    seen = Date.now();
    if (stood > atMost) tell(frozen(stood));
  }, interval);
  return () => clearInterval(timer);
}

function frozen(milliseconds: number): TemporaryError {
  const sentence = `The process that worked on the run stood still for ${Math.round(milliseconds / 1000)} s; another may have it now.`;
  return new TemporaryError(frozenCode, sentence, {
    remedy: 'Nothing need be done: the run begins anew, if no other process has it.',
  });
}
