import { type AccountAnswer, allAccounts, allPeople, named } from './find.ts';
import { accessLevels } from '../contract/accounts.ts';
import { UserError } from '../errors.ts';
import { type Action, type ServerCall, serverCommand } from './actions.ts';
import { exitCodes } from './command.ts';
import { personWith } from './people-command.ts';
import { stepLines } from './step-lines.ts';
import { table } from './table.ts';
import { createTell, tellList } from './tell.ts';

const find = async ({ client, words }: ServerCall): Promise<AccountAnswer> =>
  named('account', await allAccounts(client), words[0] ?? '');

function accountLines(account: AccountAnswer): string[] {
  const { id, name, connector, credentials, secrets, access, usedBy, lastTest } = account;
  const tested = lastTest ? `${lastTest.ok ? 'passed' : 'failed'} ${lastTest.at}` : 'never';
  return [
    `${name}  (${id})`,
    `${connector}, access ${access}, used by ${usedBy}, last test ${tested}`,
    '',
    ...table(
      ['credential', 'value'],
      [
        ...Object.entries(credentials).map(([field, value]) => [field, JSON.stringify(value)]),
        ...secrets.map((field) => [field, '(secret)']),
      ],
    ),
  ];
}

const list: Action<ServerCall> = {
  usage: '',
  summary: 'All accounts that you may see.',
  async run({ client, typed, context }) {
    const rows = ({ name, connector, access, usedBy, lastTest }: AccountAnswer) => [
      name,
      connector,
      access,
      String(usedBy),
      lastTest ? (lastTest.ok ? 'passed' : 'failed') : '',
    ];
    tellList(typed, context, 'account', await allAccounts(client), (accounts) =>
      table(['name', 'connector', 'access', 'used by', 'test'], accounts.map(rows)),
    );
  },
};

const show: Action<ServerCall> = {
  usage: 'NAME',
  summary: 'One account, without its secrets.',
  async run(call) {
    const account = await find(call);
    createTell(call.typed, call.context)('account', account, () => accountLines(account));
  },
};

const test: Action<ServerCall> = {
  usage: 'NAME',
  summary: 'Test the connection, step by step.',
  async run(call) {
    const { id } = await find(call);
    const { ok, steps } = await call.client.testAccount({ params: { id }, body: {} });
    const tell = createTell(call.typed, call.context);
    for (const step of steps) tell('step', step, () => stepLines(step));
    return ok ? exitCodes.done : exitCodes.badInput;
  },
};

const remove: Action<ServerCall> = {
  usage: 'NAME',
  summary: 'Delete an account; --even-if-used stops the writebacks that use it.',
  async run(call) {
    const { id } = await find(call);
    await call.client.deleteAccount({
      params: { id },
      query: { evenIfUsed: call.typed.flag('even-if-used') },
    });
  },
};

const shares: Action<ServerCall> = {
  usage: 'NAME',
  summary: 'Who may do what with an account.',
  async run(call) {
    const { client, typed, context } = call;
    const { id } = await find(call);
    const { items } = await client.listShares({ params: { id } });
    const people = new Map((await allPeople(client)).map((person) => [person.id, person.email]));
    const told = items.map(({ personId, access }) => ({ email: people.get(personId) ?? personId, access }));
    tellList(typed, context, 'share', told, (all) =>
      table(
        ['e-mail', 'access'],
        all.map(({ email, access }) => [email, access]),
      ),
    );
  },
};

const share: Action<ServerCall> = {
  usage: 'NAME E-MAIL ACCESS',
  summary: `Give a person access, or take it: ${accessLevels.join(', ')}.`,
  async run(call) {
    const [, email = '', word] = call.words;
    const { id } = await find(call);
    const person = await personWith(email, call);
    const access = accessLevels.find((level) => level === word);
    if (!access)
      throw new UserError('command-action', `There is no access "${word}".`, {
        remedy: `Use one of: ${accessLevels.join(', ')}.`,
      });
    await call.client.shareAccount({ params: { id }, body: { personId: person.id, access } });
  },
};

/** `writeback accounts`. They are made by `apply`, which takes secrets from the environment and from files. */
export const accountsCommand = serverCommand(
  { name: 'accounts', summary: 'Saved credentials: list, show, test, share, delete.' },
  { list, show, test, shares, share, delete: remove },
  { 'even-if-used': { type: 'boolean', help: 'Delete also what writebacks use; they are paused.' } },
);
