import { UserError } from '../errors.ts';
import { type Arguments, type CliContext, type Command, type CommandOptions, exitCodes } from './command.ts';
import { type Server, serverOption, withServer } from './server.ts';
import { wrongWords } from './wrong-words.ts';

/** What an action works with. */
export interface ActionCall {
  /** The words after the action. */
  readonly words: readonly string[];
  readonly typed: Arguments;
  readonly context: CliContext;
}

/** The same with the server that it is about. */
export type ServerCall = ActionCall & Server;

/** One of the things that a command can do with its kind: `list`, `show NAME`. */
export interface Action<Call = ActionCall> {
  /** The words that follow, all of which are needed. */
  readonly usage: string;
  readonly summary: string;
  /** Answers with the exit code where it is not `done`. */
  run(call: Call): Promise<number | void>;
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
  throw wrongWords(`${command} ${name}`, action.usage, rest.length);
}

/** Actions at a server as actions that are lent one. */
export function atServer(actions: Readonly<Record<string, Action<ServerCall>>>): Record<string, Action> {
  return Object.fromEntries(
    Object.entries(actions).map(([name, action]): [string, Action] => [
      name,
      {
        ...action,
        run: (call) => withServer(call.typed, call.context, (server) => action.run({ ...call, ...server })),
      },
    ]),
  );
}

/** A command whose first word says what to do; without a word it lists. */
export function actionsCommand(
  given: Pick<Command, 'name' | 'summary' | 'environment'>,
  actions: Readonly<Record<string, Action>>,
  options: CommandOptions,
): Command {
  return {
    ...given,
    usage: 'list' in actions ? '[ACTION]' : 'ACTION',
    minimum: 'list' in actions ? 0 : 1,
    maximum: 4,
    options,
    actions,
    async run(typed, context) {
      const action = chosen(given.name, actions, typed.positionals);
      const code = await action.run({ words: typed.positionals.slice(1), typed, context });
      return code ?? exitCodes.done;
    },
  };
}

/** One whose every action is at a server. */
export function serverCommand(
  given: Pick<Command, 'name' | 'summary'>,
  actions: Readonly<Record<string, Action<ServerCall>>>,
  options: CommandOptions = {},
): Command {
  return actionsCommand(given, atServer(actions), { ...options, ...serverOption });
}
