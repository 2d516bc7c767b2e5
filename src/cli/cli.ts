import { parseArgs } from 'node:util';
import { UserError } from '../errors.ts';
import { receiptErrorOf } from '../run/receipt.ts';
import { type Arguments, type CliContext, type Command, exitCodes } from './command.ts';
import { commonOptions } from './common-options.ts';
import { applyCommand } from './apply-command.ts';
import { completionScript } from './completion.ts';
import { connectorsCommand } from './connectors-command.ts';
import { datasetsCommand } from './datasets-command.ts';
import { dbCommand } from './db-command.ts';
import { exitCodeOf } from './exit-code.ts';
import { exportCommand } from './export-command.ts';
import { commandHelp, generalHelp } from './help.ts';
import { keysCommand } from './keys-command.ts';
import { logUnexpected } from './log-unexpected.ts';
import { previewCommand } from './preview-command.ts';
import { runCommand } from './run-command.ts';
import { accountsCommand } from './accounts-command.ts';
import { cancelCommand, logsCommand, retryCommand, runsCommand } from './runs-command.ts';
import { schemaCommand } from './schema-command.ts';
import { setupCommand, signInCommand, signOutCommand, whoamiCommand } from './sign-in-command.ts';
import { testCommand } from './test-command.ts';
import { uploadCommand } from './upload-command.ts';
import { writebacksCommand } from './writebacks-command.ts';

const completionCommand = (commands: () => readonly Command[]): Command => ({
  name: 'completion',
  summary: 'Print the completion script of a shell: bash, zsh or fish.',
  usage: 'SHELL',
  minimum: 1,
  maximum: 1,
  options: {},
  async run(typed, context) {
    context.out(completionScript(typed.positionals[0] ?? '', commands()));
    return exitCodes.done;
  },
});

const localCommands: readonly Command[] = [
  runCommand,
  testCommand,
  previewCommand,
  connectorsCommand,
  datasetsCommand,
  schemaCommand,
  setupCommand,
  signInCommand,
  signOutCommand,
  whoamiCommand,
  applyCommand,
  exportCommand,
  uploadCommand,
  writebacksCommand,
  accountsCommand,
  runsCommand,
  logsCommand,
  cancelCommand,
  retryCommand,
  keysCommand,
  dbCommand,
];

function commandNamed(name: string, commands: readonly Command[]): Command {
  const command = commands.find((candidate) => candidate.name === name);
  if (command) return command;
  const remedy = `The commands are ${commands.map((one) => one.name).join(', ')}; see writeback --help.`;
  throw new UserError('command-unknown', `There is no command "${name}".`, { remedy });
}

function parse(command: Command, words: string[]): Arguments {
  const options = { ...command.options, ...commonOptions };
  const config = Object.fromEntries(Object.entries(options).map(([name, { type }]) => [name, { type }]));
  try {
    const { values, positionals } = parseArgs({ args: words, options: config, allowPositionals: true });
    return {
      positionals,
      flag: (name) => values[name] === true,
      text: (name) => (typeof values[name] === 'string' ? values[name] : undefined),
    };
  } catch (cause) {
    const [sentence = ''] = (cause as Error).message.split('. ');
    throw new UserError('command-option', `${sentence}.`, {
      remedy: `See writeback ${command.name} --help.`,
      cause,
    });
  }
}

async function dispatch(words: string[], context: CliContext, commands: readonly Command[]): Promise<number> {
  const [name, ...rest] = words;
  if (name === '--version') context.out(context.version);
  else if (name === undefined || name === '--help' || name === 'help')
    context.out(generalHelp(context.version, commands));
  else return execute(commandNamed(name, commands), rest, context);
  return exitCodes.done;
}

async function execute(command: Command, words: string[], context: CliContext): Promise<number> {
  const typed = parse(command, words);
  if (typed.flag('help')) {
    context.out(commandHelp(command));
    return exitCodes.done;
  }
  const given = typed.positionals.length;
  if (given < command.minimum || given > command.maximum) {
    const remedy = `Type: writeback ${command.name} ${command.usage}`;
    throw new UserError('command-arguments', `"${command.name}" was given ${given} words.`, { remedy });
  }
  return command.run(typed, context);
}

function showError(error: unknown, context: CliContext): void {
  const { code, message, remedy } = receiptErrorOf(error);
  context.err(`${message}\n${remedy === undefined ? '' : `${remedy}\n`}(${code})\n`);
  logUnexpected(error, context.log);
}

/**
 * Does what was typed, and answers with the exit code; never ends the process itself. `more` are commands that this room
 * cannot know, such as the one that starts the service.
 */
export async function runCli(
  words: string[],
  context: CliContext,
  more: readonly Command[] = [],
): Promise<number> {
  const commands: readonly Command[] = [...localCommands, ...more, completionCommand(() => commands)];
  try {
    return await dispatch(words, context, commands);
  } catch (error) {
    const canceled = context.signal.aborted;
    if (canceled) context.err('Canceled; nothing half-written was left.\n');
    else showError(error, context);
    return exitCodeOf(error, canceled);
  }
}
