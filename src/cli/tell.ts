import type { Arguments, CliContext } from './command.ts';

/** Tells one thing: as a line of JSON that begins with what it is, or as text. */
export type Tell = (event: string, value: object, lines: () => readonly string[]) => void;

/** Tells as the person asked: `--json`, `--quiet`, or text. */
export function createTell(typed: Arguments, { out }: CliContext): Tell {
  if (typed.flag('json')) return (event, value) => out(JSON.stringify({ event, ...value }));
  if (typed.flag('quiet')) return () => {};
  return (_, __, lines) => {
    for (const line of lines()) out(line);
  };
}

/** Tells a list: a line of JSON for each, or one table. */
export function tellList<T extends object>(
  typed: Arguments,
  context: CliContext,
  event: string,
  items: readonly T[],
  lines: (items: readonly T[]) => readonly string[],
): void {
  const tell = createTell(typed, context);
  if (typed.flag('json')) for (const item of items) tell(event, item, () => []);
  else tell(event, items, () => lines(items));
}
