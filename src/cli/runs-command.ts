import { runStates } from '../contract/runs.ts';
import { UserError } from '../errors.ts';
import { count, duration } from './amounts.ts';
import { type Arguments, type Command, exitCodes } from './command.ts';
import { type RunAnswer, all, allWritebacks, named, runNamed } from './find.ts';
import { followRun } from './follow-run.ts';
import { type Server, serverOption, withServer } from './server.ts';
import { table } from './table.ts';
import { createTell, tellList } from './tell.ts';

function stateOf(typed: Arguments): RunAnswer['state'] | undefined {
  const word = typed.text('state');
  const state = runStates.find((one) => one === word);
  if (word === undefined || state) return state;
  throw new UserError('command-option', `There is no state "${word}".`, {
    remedy: `Use one of: ${runStates.join(', ')}.`,
  });
}

function mostOf(typed: Arguments): number {
  const text = typed.text('limit') ?? '20';
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new UserError('command-option', `--limit must be a whole number from 1, not "${text}".`);
}

function rowOf(run: RunAnswer, names: ReadonlyMap<string, string>): string[] {
  const { id, writebackId, number, state, cause, startedAt, finishedAt, rowsWritten, rowsRejected } = run;
  const passed = startedAt && finishedAt ? duration(Date.parse(finishedAt) - Date.parse(startedAt)) : '';
  const name = names.get(writebackId) ?? writebackId;
  return [
    `${name} #${number}`,
    state,
    cause,
    run.queuedAt,
    passed,
    count(rowsWritten),
    count(rowsRejected),
    id,
  ];
}

/** `writeback runs [NAME]`. */
export const runsCommand: Command = {
  name: 'runs',
  summary: 'List runs at the server, the newest first: all, or those of a writeback.',
  usage: '[NAME]',
  minimum: 0,
  maximum: 1,
  options: {
    ...serverOption,
    state: { type: 'string', value: 'STATE', help: `Only these: ${runStates.join(', ')}.` },
    limit: { type: 'string', value: 'N', help: 'How many at most; 20 unless told.' },
  },
  async run(typed, context) {
    const [word] = typed.positionals;
    const state = stateOf(typed);
    const most = mostOf(typed);
    await withServer(typed, context, async ({ client }) => {
      const writebacks = await allWritebacks(client);
      const one = word === undefined ? {} : { writebackId: named('writeback', writebacks, word).id };
      const query = { ...one, ...(state && { state }) };
      const runs = await all((paging) => client.listRuns({ query: { ...query, ...paging } }), most);
      const names = new Map(writebacks.map(({ id, name }) => [id, name]));
      tellList(typed, context, 'run', runs, (items) =>
        table(
          ['run', 'state', 'cause', 'queued', 'time', 'written', 'rejected', 'id'],
          items.map((run) => rowOf(run, names)),
        ),
      );
    });
    return exitCodes.done;
  },
};

/** A command about one run at the server, which may be named by its writeback. */
function runCommandOf(
  given: Pick<Command, 'name' | 'summary' | 'options'>,
  work: (run: RunAnswer, server: Server, ...rest: Parameters<Command['run']>) => Promise<number>,
): Command {
  return {
    ...given,
    usage: 'RUN',
    minimum: 1,
    maximum: 1,
    options: { ...given.options, ...serverOption },
    run: (typed, context) =>
      withServer(typed, context, async (server) =>
        work(await runNamed(server.client, typed.positionals[0] ?? ''), server, typed, context),
      ),
  };
}

const follow = { type: 'boolean', help: 'Wait for its end, and tell what happens meanwhile.' } as const;

/** `writeback logs RUN`. */
export const logsCommand = runCommandOf(
  {
    name: 'logs',
    summary: 'Print the log of a run; RUN is its id, or the name of a writeback.',
    options: { follow },
  },
  async ({ id }, server, typed, context) => {
    if (typed.flag('follow')) return followRun(id, server, typed, context);
    const events = await all((query) => server.client.listEvents({ params: { id }, query }));
    const tell = createTell(typed, context);
    for (const event of events)
      tell('event', event, () => [`${event.at} ${event.level ?? event.kind}: ${event.message}`]);
    return exitCodes.done;
  },
);

/** `writeback cancel RUN`. */
export const cancelCommand = runCommandOf(
  { name: 'cancel', summary: 'Cancel a run that is queued or running.', options: {} },
  async ({ id }, { client }) => {
    await client.cancelRun({ params: { id } });
    return exitCodes.done;
  },
);

/** `writeback retry RUN`. */
export const retryCommand = runCommandOf(
  {
    name: 'retry',
    summary: 'Run the same version of the writeback again.',
    options: { follow, rejected: { type: 'boolean', help: 'Only the rows that the run rejected.' } },
  },
  async ({ id }, server, typed, context) => {
    const call = { params: { id } };
    const { client } = server;
    const { runId } = await (typed.flag('rejected') ? client.retryRejected(call) : client.retryRun(call));
    if (typed.flag('follow')) return followRun(runId, server, typed, context);
    createTell(typed, context)('run', { id: runId }, () => [runId]);
    return exitCodes.done;
  },
);
