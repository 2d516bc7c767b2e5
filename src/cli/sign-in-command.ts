import { createClient } from '../contract/client.ts';
import { may, permissions } from '../contract/permission.ts';
import { UserError } from '../errors.ts';
import { type Arguments, type CliContext, type Command, exitCodes } from './command.ts';
import { clientSettings } from '../config.ts';
import { forgetAddress, keepAddress, serverOption, serverUrl, withFetch, withServer } from './server.ts';

/** A `fetch` that keeps the cookie of a session, as a browser would. */
function withCookie(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  let cookie = '';
  return async (url, init) => {
    const answer = await fetch(url, {
      ...init,
      headers: { ...(init?.headers as object), ...(cookie && { cookie }) },
    });
    const [pair] = answer.headers.getSetCookie();
    if (pair !== undefined) cookie = pair.split(';')[0] ?? '';
    return answer;
  };
}

type Begin = (
  client: ReturnType<typeof createClient>,
) => Promise<{ name: string; role: Parameters<typeof may>[0] }>;

/** Begins a session only to make an API key of it, which is kept; the session ends again. */
async function signInTo(url: string, context: CliContext, begin: Begin): Promise<string> {
  return withFetch(context, async (plain) => {
    const client = createClient({ baseUrl: `${url}/api`, fetch: withCookie(plain) });
    const { name, role } = await begin(client);
    const { key } = await client.createApiKey({
      body: { name: 'command line', permissions: permissions.filter((one) => may(role, one)) },
    });
    await client.signOut({ query: {} });
    await keepAddress({ url, apiKey: key });
    return name;
  });
}

function tell(typed: Arguments, { out }: CliContext, url: string, name: string): number {
  if (typed.flag('json')) out(JSON.stringify({ event: 'signed-in', url, name }));
  else if (!typed.flag('quiet'))
    out(`Signed in to ${url} as ${name}. The key is kept in ${clientSettings().file}.`);
  return exitCodes.done;
}

/** `writeback sign-in`. */
export const signInCommand: Command = {
  name: 'sign-in',
  summary: 'Sign in to a server with e-mail address and password; an API key of 90 days is kept.',
  usage: '',
  minimum: 0,
  maximum: 0,
  options: serverOption,
  async run(typed, context) {
    const told = typed.text('url') ?? clientSettings().url ?? (await context.ask('Server'));
    const url = serverUrl(told);
    const email = await context.ask('E-mail address');
    const password = await context.ask('Password', true);
    const name = await signInTo(url, context, (client) => client.signIn({ body: { email, password } }));
    return tell(typed, context, url, name);
  },
};

/** `writeback setup`. */
export const setupCommand: Command = {
  name: 'setup',
  summary: 'Create the administrator of a new server with the link that its start printed, and sign in.',
  usage: '',
  minimum: 0,
  maximum: 0,
  options: {},
  async run(typed, context) {
    const { url, token } = partsOf(await context.ask('Link'));
    const person = { name: await context.ask('Your name'), email: await context.ask('E-mail address') };
    const password = await context.ask('Password, 12 characters or more', true);
    if (password !== (await context.ask('The password again', true)))
      throw new UserError('setup-password', 'The two passwords differ.', { field: 'password' });
    const body = { token, password, ...person };
    const name = await signInTo(url, context, (client) => client.createAdministrator({ body }));
    return tell(typed, context, url, name);
  },
};

function partsOf(link: string): { url: string; token: string } {
  const url = URL.canParse(link) ? new URL(link) : undefined;
  const token = url?.searchParams.get('token');
  if (url && token) return { url: serverUrl(url.origin), token };
  throw new UserError('setup-link', 'This is not the link that the first start of the server printed.', {
    remedy: 'Copy all of it, beginning with http.',
  });
}

/** `writeback sign-out`. */
export const signOutCommand: Command = {
  name: 'sign-out',
  summary: 'Forget the server and its key.',
  usage: '',
  minimum: 0,
  maximum: 0,
  options: {},
  async run() {
    await forgetAddress();
    return exitCodes.done;
  },
};

/** `writeback whoami`. */
export const whoamiCommand: Command = {
  name: 'whoami',
  summary: 'Who you are to the server.',
  usage: '',
  minimum: 0,
  maximum: 0,
  options: serverOption,
  async run(typed, context) {
    const person = await withServer(typed, context, ({ client }) => client.whoAmI({}));
    if (typed.flag('json')) context.out(JSON.stringify({ event: 'person', ...person }));
    else context.out(`${person.name} <${person.email}>, ${person.role}`);
    return exitCodes.done;
  },
};
