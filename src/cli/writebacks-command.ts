import type { Client } from '../contract/client.ts';
import { type Action, type ServerCall, serverCommand } from './actions.ts';
import { type WritebackAnswer, all, allPeople, allWritebacks, named } from './find.ts';
import { table } from './table.ts';
import { createTell, tellList } from './tell.ts';

const find = async ({ client, words }: ServerCall): Promise<WritebackAnswer> =>
  named('writeback', await allWritebacks(client), words[0] ?? '');

const stateOf = ({ paused, pausedBecause }: WritebackAnswer) =>
  paused ? `paused${pausedBecause === undefined ? '' : `: ${pausedBecause}`}` : 'active';

const list: Action<ServerCall> = {
  usage: '',
  summary: 'All writebacks, with their last and next run.',
  async run({ client, typed, context }) {
    const rows = (one: WritebackAnswer) => [
      one.name,
      one.connector,
      one.lastRun?.state ?? '',
      one.nextRun ?? '',
      stateOf(one),
    ];
    tellList(typed, context, 'writeback', await allWritebacks(client), (writebacks) =>
      table(['name', 'connector', 'last run', 'next run', 'state'], writebacks.map(rows)),
    );
  },
};

async function describe(client: Client, writeback: WritebackAnswer): Promise<string[]> {
  const { id, name, version, connector, source, details, schedule, ownerId, lastRun } = writeback;
  const { nextRun, waitsInVain = 'none' } = writeback;
  const owner = (await allPeople(client)).find((person) => person.id === ownerId);
  const rows = Object.entries({
    state: stateOf(writeback),
    owner: owner?.email ?? ownerId,
    version: String(version),
    connector,
    source: JSON.stringify(source),
    details: JSON.stringify(details ?? {}),
    schedule: schedule ? JSON.stringify(schedule) : 'manual',
    'next run': nextRun ?? waitsInVain,
    'last run': lastRun ? `${lastRun.state} ${lastRun.finishedAt ?? ''} (${lastRun.id})` : 'none',
  });
  return [`${name}  (${id})`, ...rows.map(([label, value]) => `  ${label.padEnd(10)} ${value}`)];
}

const show: Action<ServerCall> = {
  usage: 'NAME',
  summary: 'One writeback.',
  async run(call) {
    const { client, typed, context } = call;
    const writeback = await find(call);
    const lines = typed.flag('json') ? [] : await describe(client, writeback);
    createTell(typed, context)('writeback', writeback, () => lines);
  },
};

const setPaused = (paused: boolean, summary: string): Action<ServerCall> => ({
  usage: 'NAME',
  summary,
  async run(call) {
    const { id } = await find(call);
    await call.client.pauseWriteback({ params: { id }, body: { paused } });
  },
});

const remove: Action<ServerCall> = {
  usage: 'NAME',
  summary: 'Delete a writeback with its schedule; its runs stay until their time is over.',
  async run(call) {
    const { id } = await find(call);
    await call.client.deleteWriteback({ params: { id } });
  },
};

const versions: Action<ServerCall> = {
  usage: 'NAME',
  summary: 'What was changed, and when.',
  async run(call) {
    const { client, typed, context } = call;
    const { id } = await find(call);
    const found = await all((query) => client.listVersions({ params: { id }, query }));
    tellList(typed, context, 'version', found, (items) =>
      items.flatMap(({ version, changedAt, changes }) => [
        `version ${version}, ${changedAt}`,
        ...changes.map(({ path, before, after }) => `  ${changeLine(path, before, after)}`),
      ]),
    );
  },
};

/** `details.path: "/a" → "/b"`; what is not there is nothing. */
export function changeLine(path: string, before: unknown, after: unknown): string {
  const shown = (value: unknown) => (value === undefined ? 'nothing' : JSON.stringify(value));
  return `${path}: ${shown(before)} → ${shown(after)}`;
}

const output: Action<ServerCall> = {
  usage: 'NAME',
  summary: 'The output DataSet as CSV: what the runs reported.',
  async run(call) {
    const { id } = await find(call);
    call.context.out((await call.client.outputCsv({ params: { id } })).replace(/\r?\n$/, ''));
  },
};

/** `writeback writebacks`. They are made by `apply`. */
export const writebacksCommand = serverCommand(
  { name: 'writebacks', summary: 'Saved writebacks: list, show, pause, resume, delete, versions, output.' },
  {
    list,
    show,
    pause: setPaused(true, 'Run no more by schedule.'),
    resume: setPaused(false, 'Run by schedule again.'),
    delete: remove,
    versions,
    output,
  },
);
