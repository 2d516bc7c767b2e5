import type { Command, CommandOptions } from './command.ts';
import { commonOptions } from './common-options.ts';
import { table } from './table.ts';

function optionLines(options: CommandOptions): string[] {
  const rows = Object.entries(options).map(([name, { value, help }]) => [
    `  --${name}${value ? ` ${value}` : ''}`,
    help,
  ]);
  return table(['Options:', ''], rows);
}

/** `writeback --help`. */
export function generalHelp(version: string, commands: readonly Command[]): string {
  const rows = commands.map(({ name, usage, summary }) => [`  ${name} ${usage}`.trimEnd(), summary]);
  return [
    `Writeback ${version} takes DataSets out of Domo, or out of files, and puts them where they are needed.`,
    '',
    'writeback COMMAND [OPTIONS]',
    '',
    ...table(['Commands:', ''], rows),
    '',
    ...optionLines({ ...commonOptions, version: { type: 'boolean', help: 'Show the version.' } }),
    '',
    'Exit codes: 0 done, 2 something must be changed, 3 try again later, 4 too many rejected rows, 130 canceled.',
    'To begin: writeback connectors, then docs/command-line.md.',
  ].join('\n');
}

/** `writeback COMMAND --help`. */
export function commandHelp({ name, usage, summary, options, actions, environment }: Command): string {
  return [
    `writeback ${name} ${usage}`.trimEnd(),
    '',
    summary,
    '',
    ...actionLines(name, actions ?? {}),
    ...optionLines({ ...options, ...commonOptions }),
    ...listed('Environment:', environment ?? {}),
  ].join('\n');
}

function actionLines(name: string, actions: NonNullable<Command['actions']>): string[] {
  const rows = Object.entries(actions).map(([action, { usage, summary }]) => [
    `  ${name} ${action} ${usage}`.trimEnd(),
    summary,
  ]);
  return rows.length > 0 ? [...table(['Actions:', ''], rows), ''] : [];
}

function listed(title: string, entries: Readonly<Record<string, string>>): string[] {
  const rows = Object.entries(entries).map(([name, help]) => [`  ${name}`, help]);
  return rows.length > 0 ? ['', ...table([title, ''], rows)] : [];
}
