import { parseArgs } from 'node:util';
import { UserError } from '../errors.ts';
import { type Arguments, type CliContext, type Command, exitCodes } from './command.ts';
import { commonOptions } from './common-options.ts';
import { completionScript } from './completion.ts';
import { exitCodeOf } from './exit-code.ts';
import { commandHelp, generalHelp } from './help.ts';
import { showError } from './show-error.ts';
import { wrongWords } from './wrong-words.ts';

const completionCommand = (commands: () => Promise<readonly Command[]>): Command => ({
  name: 'completion',
  summary: 'Print the completion script of a shell: bash, zsh or fish.',
  usage: 'SHELL',
  minimum: 1,
  maximum: 1,
  options: {},
  async run(typed, context) {
    context.out(completionScript(typed.positionals[0] ?? '', await commands()));
    return exitCodes.done;
  },
});

/** Commands by their names, in the order of the help. Only the one that is typed is loaded, with all that it needs. */
export type CommandLoaders = Readonly<Record<string, () => Promise<Command>>>;

const localCommands: CommandLoaders = {
  run: async () => (await import('./run-command.ts')).runCommand,
  test: async () => (await import('./test-command.ts')).testCommand,
  preview: async () => (await import('./preview-command.ts')).previewCommand,
  connectors: async () => (await import('./connectors-command.ts')).connectorsCommand,
  datasets: async () => (await import('./datasets-command.ts')).datasetsCommand,
  schema: async () => (await import('./schema-command.ts')).schemaCommand,
  setup: async () => (await import('./sign-in-command.ts')).setupCommand,
  'sign-in': async () => (await import('./sign-in-command.ts')).signInCommand,
  'sign-out': async () => (await import('./sign-in-command.ts')).signOutCommand,
  whoami: async () => (await import('./sign-in-command.ts')).whoamiCommand,
  apply: async () => (await import('./apply-command.ts')).applyCommand,
  export: async () => (await import('./export-command.ts')).exportCommand,
  upload: async () => (await import('./upload-command.ts')).uploadCommand,
  writebacks: async () => (await import('./writebacks-command.ts')).writebacksCommand,
  accounts: async () => (await import('./accounts-command.ts')).accountsCommand,
  alerts: async () => (await import('./alerts-command.ts')).alertsCommand,
  runs: async () => (await import('./runs-command.ts')).runsCommand,
  logs: async () => (await import('./runs-command.ts')).logsCommand,
  cancel: async () => (await import('./runs-command.ts')).cancelCommand,
  retry: async () => (await import('./runs-command.ts')).retryCommand,
  people: async () => (await import('./people-command.ts')).peopleCommand,
  'api-keys': async () => (await import('./api-keys-command.ts')).apiKeysCommand,
  keys: async () => (await import('./keys-command.ts')).keysCommand,
  db: async () => (await import('./db-command.ts')).dbCommand,
};

function commandNamed(name: string, commands: CommandLoaders): Promise<Command> {
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (load) return load();
  const remedy = `The commands are ${Object.keys(commands).join(', ')}; see writeback --help.`;
  throw new UserError('command-unknown', `There is no command "${name}".`, { remedy });
}

const all = (commands: CommandLoaders) => Promise.all(Object.values(commands).map((load) => load()));

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

async function dispatch(words: string[], context: CliContext, commands: CommandLoaders): Promise<number> {
  const [name, ...rest] = words;
  if (name === '--version') context.out(context.version);
  else if (name === undefined || name === '--help' || name === 'help')
    context.out(generalHelp(context.version, await all(commands)));
  else return execute(await commandNamed(name, commands), rest, context);
  return exitCodes.done;
}

async function execute(command: Command, words: string[], context: CliContext): Promise<number> {
  const typed = parse(command, words);
  if (typed.flag('help')) {
    context.out(commandHelp(command));
    return exitCodes.done;
  }
  const given = typed.positionals.length;
  if (given < command.minimum || given > command.maximum)
    throw wrongWords(command.name, command.usage, given);
  return command.run(typed, context);
}

/**
 * Does what was typed, and answers with the exit code; never ends the process itself. `more` are commands that this room
 * cannot know, such as the one that starts the service.
 */
export async function runCli(
  words: string[],
  context: CliContext,
  more: CommandLoaders = {},
): Promise<number> {
  const completion = async () => completionCommand(() => all(commands));
  const commands: CommandLoaders = { ...localCommands, ...more, completion };
  try {
    return await dispatch(words, context, commands);
  } catch (error) {
    const canceled = context.signal.aborted;
    if (canceled) context.err('Canceled; nothing half-written was left.\n');
    else showError(error, context);
    return exitCodeOf(error, canceled);
  }
}
