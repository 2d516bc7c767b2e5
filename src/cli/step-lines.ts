import type { TestStep } from '../connector/contract.ts';

/** One step of a connection's test as a person reads it. */
export function stepLines({ name, ok, time, message, remedy }: TestStep): string[] {
  const first = `  ${ok ? '✓' : '✗'} ${name.padEnd(14)} ${`${Math.round(time)} ms`.padStart(8)}  ${message}`;
  return remedy === undefined ? [first] : [first, `    ${remedy}`];
}
