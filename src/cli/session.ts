import { clientSettings } from '../config.ts';
import { type Client, createClient } from '../contract/client.ts';
import { sessionCookie } from '../contract/sign-in.ts';
import { signInWithBrowser } from './browser-sign-in.ts';
import type { Arguments, CliContext, CommandOptions } from './command.ts';
import { keptUrl, serverOption, serverUrl, withFetch } from './server.ts';

/** The one who has signed in. */
export type SignedIn = Awaited<ReturnType<Client['whoAmI']>>;

/** The options of every command that a person signs in for. */
export const signInOptions = {
  ...serverOption,
  browser: { type: 'boolean', help: 'Sign in in a browser, through OpenID Connect.' },
} as const satisfies CommandOptions;

/** How a session begins: with a call that answers its cookie, or with the cookie of one that has begun. */
interface Beginning {
  readonly begin: (client: Client) => Promise<SignedIn>;
  readonly cookie?: string;
}

/** A `fetch` that keeps the cookie of a session, as a browser would. */
function withCookie(fetch: typeof globalThis.fetch, first: string): typeof globalThis.fetch {
  let cookie = first;
  return async (url, init) => {
    const headers = { ...(init?.headers as object), ...(cookie && { cookie }) };
    const answer = await fetch(url, { ...init, headers });
    const [pair] = answer.headers.getSetCookie();
    if (pair !== undefined) cookie = pair.split(';')[0] ?? '';
    return answer;
  };
}

/** Lends a client in a session, and ends the session. */
export async function inSession<T>(
  url: string,
  context: CliContext,
  { begin, cookie = '' }: Beginning,
  work: (client: Client, person: SignedIn) => Promise<T>,
): Promise<T> {
  return withFetch(context, async (plain) => {
    const client = createClient({ baseUrl: `${url}/api`, fetch: withCookie(plain, cookie) });
    const result = await work(client, await begin(client));
    await client.signOut({ query: {} });
    return result;
  });
}

/** Which server is meant, asked for when nothing says so. Throws UserError `server-url`. */
export async function toldUrl(typed: Arguments, context: CliContext): Promise<string> {
  const told = typed.text('url') ?? clientSettings().url ?? (await keptUrl());
  return serverUrl(told ?? (await context.ask('Server')));
}

/** Asks for e-mail address and password; or for a browser, where that is wanted or the only way. */
export async function askSignIn(typed: Arguments, context: CliContext, url: string): Promise<Beginning> {
  const baseUrl = `${url}/api`;
  const ways = await withFetch(context, (fetch) => createClient({ baseUrl, fetch }).signInWays({}));
  if (typed.flag('browser') || !ways.password) {
    const token = await signInWithBrowser(url, context);
    return { begin: (client) => client.whoAmI({}), cookie: `${sessionCookie}=${token}` };
  }
  const email = await context.ask('E-mail address');
  const password = await context.ask('Password', true);
  return { begin: (client) => client.signIn({ body: { email, password } }) };
}

/** The same where the person has to sign in first: what an API key may not do. */
export async function withSession<T>(
  typed: Arguments,
  context: CliContext,
  work: (client: Client, person: SignedIn) => Promise<T>,
): Promise<T> {
  const url = await toldUrl(typed, context);
  return inSession(url, context, await askSignIn(typed, context, url), work);
}
