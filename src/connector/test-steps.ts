import { isTold } from '../errors.ts';
import type { TestStep } from './contract.ts';

/** What a step does; the text it returns tells what was seen. Throws told errors. */
type StepWork = () => Promise<string>;

/**
 * Runs the named steps of a connection test in order, each timed, and ends at the first that fails.
 * An error that is not told is a mistake of ours, or the abort: it is thrown.
 */
export async function* testSteps(steps: Readonly<Record<string, StepWork>>): AsyncGenerator<TestStep> {
  for (const [name, work] of Object.entries(steps)) {
    const started = performance.now();
    const time = () => Math.round(performance.now() - started);
    try {
      const message = await work();
      yield { name, ok: true, time: time(), message };
    } catch (error) {
      if (!isTold(error)) throw error;
      yield { name, ok: false, time: time(), message: error.message, remedy: error.remedy };
      return;
    }
  }
}
