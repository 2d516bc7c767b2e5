import type { Log } from '../log.ts';
import type { Registry } from '../connector/registry.ts';
import type { Egress } from '../egress/egress.ts';

/** What every command may use. Nothing here ends the process: a command answers with its exit code. */
export interface CliContext {
  readonly version: string;
  readonly registry: Registry;
  readonly egress: Egress;
  readonly log: Log;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** One line of the answer, to standard output. */
  readonly out: (line: string) => void;
  /** Bare text to standard error: progress, notes, errors. */
  readonly err: (text: string) => void;
  /** Standard error is a terminal that a person looks at. */
  readonly lively: boolean;
  /** Asks the person, or takes the next line of standard input where nobody sits; `hidden` shows nothing of the answer. */
  readonly ask: (question: string, hidden?: boolean) => Promise<string>;
}

/** The options of a command, for `node:util` parseArgs and for `--help`. */
export type CommandOptions = Readonly<
  Record<string, { readonly type: 'boolean' | 'string'; readonly help: string; readonly value?: string }>
>;

/** What was typed. */
export interface Arguments {
  readonly positionals: readonly string[];
  flag(name: string): boolean;
  text(name: string): string | undefined;
}

/** One word after `writeback`. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  /** The words that follow, for `--help`: `FILE`, `[ID]`. */
  readonly usage: string;
  readonly minimum: number;
  readonly maximum: number;
  readonly options: CommandOptions;
  /** What the first of the words may be, where it is one of a few. */
  readonly actions?: Readonly<Record<string, Pick<Command, 'summary' | 'usage'>>>;
  /** What it takes from the environment, for `--help`. */
  readonly environment?: Readonly<Record<string, string>>;
  run(typed: Arguments, context: CliContext): Promise<number>;
}

/** Exit codes, documented in docs/command-line.md. */
export const exitCodes = {
  done: 0,
  unexpected: 1,
  badInput: 2,
  temporary: 3,
  rejectedRows: 4,
  canceled: 130,
} as const;
