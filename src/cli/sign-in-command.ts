import { may, permissions } from '../contract/permission.ts';
import { UserError } from '../errors.ts';
import { type Arguments, type CliContext, type Command, exitCodes } from './command.ts';
import { clientSettings } from '../config.ts';
import { endKeptKey, keepAddress, keptUrl, serverOption, serverUrl, withServer } from './server.ts';
import { askSignIn, inSession, signInOptions, toldUrl } from './session.ts';

/** Makes an API key of all that the person may, and keeps it; gives the person's name. */
async function keepKey(
  url: string,
  context: CliContext,
  beginning: Parameters<typeof inSession>[2],
): Promise<string> {
  return inSession(url, context, beginning, async (client, { name, role }) => {
    const mine = permissions.filter((one) => may(role, one));
    const { key } = await client.createApiKey({ body: { name: 'command line', permissions: mine } });
    // The one before would live on, in nobody's hands; a file that is broken has none.
    if ((await keptUrl().catch(() => {})) === url) await endKeptKey(context).catch(() => {});
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
  summary: 'Sign in to a server; an API key of 90 days is kept.',
  usage: '',
  minimum: 0,
  maximum: 0,
  options: signInOptions,
  async run(typed, context) {
    const url = await toldUrl(typed, context);
    const name = await keepKey(url, context, await askSignIn(typed, context, url));
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
    const name = await keepKey(url, context, {
      begin: (client) => client.createAdministrator({ body }),
    });
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
  summary: 'End the kept API key at its server, and forget both.',
  usage: '',
  minimum: 0,
  maximum: 0,
  options: {},
  async run(_, context) {
    await endKeptKey(context);
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
