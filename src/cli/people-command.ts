import { type Role, roles } from '../contract/permission.ts';
import { UserError } from '../errors.ts';
import { type Action, type ServerCall, serverCommand } from './actions.ts';
import { allPeople } from './find.ts';
import { table } from './table.ts';
import { createTell, tellList } from './tell.ts';

function roleOf(word: string | undefined): Role {
  const role = roles.find((one) => one === word);
  if (role) return role;
  throw new UserError('command-action', `There is no role "${word}".`, {
    remedy: `Use one of: ${roles.join(', ')}.`,
  });
}

/** The person with an e-mail address. Throws UserError `person-unknown`. */
export async function personWith(email: string, { client }: Pick<ServerCall, 'client'>) {
  const person = (await allPeople(client)).find((one) => one.email.toLowerCase() === email.toLowerCase());
  if (person) return person;
  throw new UserError('person-unknown', `Nobody here has the address ${email}.`, {
    remedy: 'See writeback people.',
  });
}

const list: Action<ServerCall> = {
  usage: '',
  summary: 'Everybody who may sign in.',
  async run({ client, typed, context }) {
    tellList(typed, context, 'person', await allPeople(client), (people) =>
      table(
        ['name', 'e-mail', 'role', ''],
        people.map(({ name, email, role, disabled }) => [name, email, role, disabled ? 'disabled' : '']),
      ),
    );
  },
};

const create: Action<ServerCall> = {
  usage: 'NAME E-MAIL ROLE',
  summary: `Let a person in; asks for their first password, which may be empty. Roles: ${roles.join(', ')}.`,
  async run({ client, words: [name = '', email = '', word], typed, context }) {
    const role = roleOf(word);
    const question = 'Their password, 12 characters or more; none for OpenID Connect alone';
    const password = await context.ask(question, true);
    const body = { name, email, role, ...(password !== '' && { password }) };
    const person = await client.createPerson({ body });
    createTell(typed, context)('person', person, () => [`${name} <${email}>, ${role}`]);
  },
};

const setRole: Action<ServerCall> = {
  usage: 'E-MAIL ROLE',
  summary: 'Give a person another role; their sessions end.',
  async run(call) {
    const [email = '', word] = call.words;
    const body = { role: roleOf(word) };
    const { id } = await personWith(email, call);
    await call.client.changePerson({ params: { id }, body });
  },
};

const setDisabled = (disabled: boolean, summary: string): Action<ServerCall> => ({
  usage: 'E-MAIL',
  summary,
  async run(call) {
    const { id } = await personWith(call.words[0] ?? '', call);
    await call.client.changePerson({ params: { id }, body: { disabled } });
  },
});

/** `writeback people`. */
export const peopleCommand = serverCommand(
  { name: 'people', summary: 'Who may sign in: list, create, role, disable, enable.' },
  {
    list,
    create,
    role: setRole,
    disable: setDisabled(true, 'Let a person in no more, nor their API keys.'),
    enable: setDisabled(false, 'Let them in again.'),
  },
);
