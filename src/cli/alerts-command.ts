import { alertChannelKinds } from '../contract/alerts.ts';
import type { Client } from '../contract/client.ts';
import { UserError } from '../errors.ts';
import { defaultOf } from '../field/describe-fields.ts';
import type { Field, Fields } from '../field/field.ts';
import { type Action, type ServerCall, serverCommand } from './actions.ts';
import { type CliContext, exitCodes } from './command.ts';
import { type ChannelAnswer, allChannels, named } from './find.ts';
import { table } from './table.ts';
import { createTell, tellList } from './tell.ts';

const find = async ({ client, words }: ServerCall): Promise<ChannelAnswer> =>
  named('channel', await allChannels(client), words[0] ?? '', 'alerts');

const troubleOf = ({ trouble }: ChannelAnswer) =>
  trouble ? `fails until ${trouble.restsUntil}: ${trouble.message}` : '';

const list: Action<ServerCall> = {
  usage: '',
  summary: 'Where alerts can go, beside what the environment of the service names.',
  async run({ client, typed, context }) {
    tellList(typed, context, 'channel', await allChannels(client), (channels) =>
      table(
        ['name', 'kind', 'told of everything', 'trouble'],
        channels.map((one) => [one.name, one.kind, one.isDefault ? 'yes' : '', troubleOf(one)]),
      ),
    );
  },
};

const isList = (field: Field) => field.type === 'text' && field.list === true;

function question(field: Field): string {
  const usual = defaultOf(field);
  if (usual !== undefined) return `${field.label} (${usual})`;
  return isList(field) ? `${field.label} (with commas)` : field.label;
}

/** Asks for each field of a kind; an empty answer leaves out what need not be there. */
async function askFields(
  client: Client,
  kind: ChannelAnswer['kind'],
  { ask }: CliContext,
): Promise<Record<string, string>> {
  const { items } = await client.listAlertChannelKinds({});
  const fields = items.find(({ id }) => id === kind)?.fields as unknown as Fields;
  const given: Record<string, string> = {};
  for (const [id, field] of Object.entries(fields)) {
    const answer = (await ask(question(field), field.type === 'secret')).trim();
    if (answer !== '') given[id] = isList(field) ? answer.split(/\s*,\s*/).join('\n') : answer;
  }
  return given;
}

const add: Action<ServerCall> = {
  usage: 'NAME KIND',
  summary: `Save a channel; asks for its address and secrets. Kinds: ${alertChannelKinds.join(', ')}.`,
  async run({ client, words: [name = '', word], typed, context }) {
    const kind = alertChannelKinds.find((one) => one === word);
    if (!kind)
      throw new UserError('command-action', `There is no kind of channel "${word}".`, {
        remedy: `Use one of: ${alertChannelKinds.join(', ')}.`,
      });
    const credentials = await askFields(client, kind, context);
    const isDefault = typed.flag('default') ? { isDefault: true } : {};
    const made = await client.createAlertChannel({ body: { name, kind, credentials, ...isDefault } });
    createTell(typed, context)('channel', made, () => [`${made.name}  (${made.id})`]);
  },
};

const test: Action<ServerCall> = {
  usage: 'NAME',
  summary: 'Send a test alert to a channel.',
  async run(call) {
    const { id } = await find(call);
    const told = await call.client.testAlertChannel({ params: { id } });
    createTell(call.typed, call.context)('tested', told, () => [
      told.message,
      ...(told.remedy === undefined ? [] : [told.remedy]),
    ]);
    return told.ok ? exitCodes.done : exitCodes.badInput;
  },
};

const remove: Action<ServerCall> = {
  usage: 'NAME',
  summary: 'Delete a channel that no writeback names.',
  async run(call) {
    const { id } = await find(call);
    await call.client.deleteAlertChannel({ params: { id } });
  },
};

/** `writeback alerts`. */
export const alertsCommand = serverCommand(
  { name: 'alerts', summary: 'Where alerts go: list, add, test, remove.' },
  { list, add, test, remove },
  {
    default: { type: 'boolean', help: 'Tell it of every writeback that names no channels (administrators).' },
  },
);
