import { may, permissions } from '../contract/permission.ts';
import { UserError } from '../errors.ts';
import { type Action, actionsCommand } from './actions.ts';
import { named } from './find.ts';
import { signInOptions, withSession } from './session.ts';
import { table } from './table.ts';
import { createTell, tellList } from './tell.ts';

const day = 24 * 3_600_000;

function daysOf(text = '90'): Date {
  if (/^[1-9]\d{0,3}$/.test(text)) return new Date(Date.now() + Number(text) * day);
  throw new UserError('command-option', `--days must be a whole number from 1 to 9999, not "${text}".`);
}

function permissionsOf(text: string | undefined) {
  const words = text?.split(',').map((word) => word.trim());
  const unknown = words?.find((word) => !permissions.some((one) => one === word));
  if (unknown === undefined) return (one: (typeof permissions)[number]) => words?.includes(one) ?? true;
  throw new UserError('command-option', `There is no permission "${unknown}".`, {
    remedy: `Use some of: ${permissions.join(', ')}.`,
  });
}

const make: Action = {
  usage: 'NAME',
  summary: 'Make an API key for a program, shown this once; asks you to sign in.',
  async run({ words: [name = ''], typed, context }) {
    const expiresAt = daysOf(typed.text('days')).toISOString();
    const isWanted = permissionsOf(typed.text('permissions'));
    const made = await withSession(typed, context, async (client, { role }) =>
      client.createApiKey({
        body: { name, expiresAt, permissions: permissions.filter((one) => may(role, one) && isWanted(one)) },
      }),
    );
    createTell(typed, context)('key', made, () => [made.key]);
  },
};

const remove: Action = {
  usage: 'NAME',
  summary: 'End an API key of yours; asks you to sign in.',
  async run({ words: [word = ''], typed, context }) {
    await withSession(typed, context, async (client) => {
      const { items } = await client.listApiKeys({});
      await client.deleteApiKey({ params: { id: named('api-key', items, word).id } });
    });
  },
};

const list: Action = {
  usage: '',
  summary: 'Your API keys, never the keys themselves; asks you to sign in.',
  async run({ typed, context }) {
    const { items } = await withSession(typed, context, async (client) => client.listApiKeys({}));
    tellList(typed, context, 'key', items, (keys) =>
      table(
        ['name', 'permissions', 'expires', 'last used', 'id'],
        keys.map((key) => [
          key.name,
          key.permissions.join(','),
          key.expiresAt ?? 'never',
          key.lastUsedAt ?? 'never',
          key.id,
        ]),
      ),
    );
  },
};

/** `writeback api-keys`: each of its actions is in a session, for a key, which may have leaked, sees and makes no keys. */
export const apiKeysCommand = actionsCommand(
  { name: 'api-keys', summary: 'Keys for programs that call the API: list, new, delete.' },
  { list, new: make, delete: remove },
  {
    ...signInOptions,
    days: { type: 'string', value: 'N', help: 'How long a new key lives; 90 days unless told.' },
    permissions: {
      type: 'string',
      value: 'LIST',
      help: 'What a new key may, with commas; all that you may unless told.',
    },
  },
);
