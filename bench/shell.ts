import type { Timed } from './measure.ts';

/** A pipeline that fails when any of its commands fails. The words are our own, without anything to quote. */
export const pipe = (script: string, environment: Readonly<Record<string, string>> = {}): Timed => ({
  command: 'bash',
  words: ['-o', 'pipefail', '-c', script],
  environment,
});
