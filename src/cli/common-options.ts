import type { CommandOptions } from './command.ts';

/** Options that every command has. */
export const commonOptions = {
  json: { type: 'boolean', help: 'One JSON object per line instead of text.' },
  quiet: { type: 'boolean', help: 'Nothing but errors.' },
  help: { type: 'boolean', help: 'Show this.' },
} as const satisfies CommandOptions;
