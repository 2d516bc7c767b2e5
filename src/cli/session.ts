import { clientSettings } from '../config.ts';
import { type Client, createClient } from '../contract/client.ts';
import type { Arguments, CliContext } from './command.ts';
import { keptUrl, serverUrl, withFetch } from './server.ts';

/** The one who has signed in. */
export type SignedIn = Awaited<ReturnType<Client['whoAmI']>>;

/** A `fetch` that keeps the cookie of a session, as a browser would. */
function withCookie(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  let cookie = '';
  return async (url, init) => {
    const headers = { ...(init?.headers as object), ...(cookie && { cookie }) };
    const answer = await fetch(url, { ...init, headers });
    const [pair] = answer.headers.getSetCookie();
    if (pair !== undefined) cookie = pair.split(';')[0] ?? '';
    return answer;
  };
}

/** Lends a client in a session that `begin` begins, and ends the session. */
export async function inSession<T>(
  url: string,
  context: CliContext,
  begin: (client: Client) => Promise<SignedIn>,
  work: (client: Client, person: SignedIn) => Promise<T>,
): Promise<T> {
  return withFetch(context, async (plain) => {
    const client = createClient({ baseUrl: `${url}/api`, fetch: withCookie(plain) });
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

/** Asks for e-mail address and password. */
export async function askSignIn({ ask }: CliContext): Promise<(client: Client) => Promise<SignedIn>> {
  const email = await ask('E-mail address');
  const password = await ask('Password', true);
  return (client) => client.signIn({ body: { email, password } });
}

/** The same where the person has to sign in first: what an API key may not do. */
export async function withSession<T>(
  typed: Arguments,
  context: CliContext,
  work: (client: Client, person: SignedIn) => Promise<T>,
): Promise<T> {
  const url = await toldUrl(typed, context);
  return inSession(url, context, await askSignIn(context), work);
}
