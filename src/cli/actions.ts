import { UserError } from '../errors.ts';
import { type Arguments, type CliContext, type Command, type CommandOptions, exitCodes } from './command.ts';
import { type Server, serverOption, withServer } from './server.ts';

/** What an action works with. */
export interface ActionCall extends Server {
  /** The words after the action. */
  readonly words: readonly string[];
  readonly typed: Arguments;
  readonly context: CliContext;
}

/** One of the things that a command can do with its kind: `list`, `show NAME`. */
export interface Action {
  /** The words that follow, all of which are needed. */
  readonly usage: string;
  readonly summary: string;
  /** Answers with the exit code where it is not `done`. */
  run(call: ActionCall): Promise<number | void>;
}

const countOf = (usage: string) => usage.split(' ').filter((word) => word !== '').length;

function chosen(
  command: string,
  actions: Readonly<Record<string, Action>>,
  words: readonly string[],
): Action {
  const [name = 'list', ...rest] = words;
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
  const remedy = `See writeback ${command} --help.`;
  if (!action) throw new UserError('command-action', `"${command}" has no action "${name}".`, { remedy });
  if (rest.length === countOf(action.usage)) return action;
  throw new UserError('command-arguments', `"${command} ${name}" was given ${rest.length} words.`, {
    remedy: `Type: writeback ${command} ${name} ${action.usage}`,
  });
}

/** A command whose first word says what to do, at the server; without a word it lists. */
export function actionsCommand(
  name: string,
  summary: string,
  actions: Readonly<Record<string, Action>>,
  options: CommandOptions = {},
): Command {
  return {
    name,
    summary,
    usage: '[ACTION]',
    minimum: 0,
    maximum: 4,
    options: { ...options, ...serverOption },
    actions,
    async run(typed, context) {
      const action = chosen(name, actions, typed.positionals);
      const words = typed.positionals.slice(1);
      const code = await withServer(typed, context, (server) =>
        action.run({ ...server, words, typed, context }),
      );
      return code ?? exitCodes.done;
    },
  };
}
