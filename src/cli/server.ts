import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { clientSettings } from '../config.ts';
import type { Client } from '../contract/client.ts';
import { createFetch } from '../egress/http.ts';
import { TemporaryError, UserError } from '../errors.ts';
import type { Arguments, CliContext, CommandOptions } from './command.ts';

/** Where a server is, and the key that opens it. */
export interface ServerAddress {
  readonly url: string;
  readonly apiKey: string;
}

/** A server that the command line talks to. */
export interface Server {
  readonly url: string;
  readonly client: Client;
  /** Signed in, for what is no JSON: the live events of a run. */
  readonly fetch: typeof fetch;
  readonly headers: Readonly<Record<string, string>>;
}

/** The option of every command that talks to a server. */
export const serverOption = {
  url: {
    type: 'string',
    value: 'URL',
    help: 'The server; WRITEBACK_URL or the one signed in to unless told.',
  },
} as const satisfies CommandOptions;

/** `http://host:8080/` → `http://host:8080`. Throws UserError `server-url`. */
export function serverUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol)) return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
  throw new UserError('server-url', `"${text}" is not the address of a server.`, {
    remedy: 'Write it as http://127.0.0.1:8080 or https://writeback.example.com.',
  });
}

async function keptAddress(): Promise<Partial<ServerAddress>> {
  const { file } = clientSettings();
  const text = await readFile(file, 'utf8').catch(() => '{}');
  try {
    return JSON.parse(text) as Partial<ServerAddress>;
  } catch (cause) {
    throw new UserError('server-file', `The file ${file} is broken.`, {
      remedy: 'Sign in again: writeback sign-in.',
      cause,
    });
  }
}

/** The server that somebody signed in to last. */
export async function keptUrl(): Promise<string | undefined> {
  return (await keptAddress()).url;
}

/** Keeps the server that somebody signed in to, readable for them alone. */
export async function keepAddress(address: ServerAddress): Promise<void> {
  const { file } = clientSettings();
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  // The mode counts only for a file that is made.
  await rm(file, { force: true });
  await writeFile(file, `${JSON.stringify(address, null, 2)}\n`, { mode: 0o600 });
}

/** The server that was told, and its key: a kept key is sent only to the server that it was made by. */
async function addressOf(typed: Arguments): Promise<ServerAddress> {
  const { url: named, apiKey: given } = clientSettings();
  const kept = await keptAddress();
  const told = typed.text('url') ?? named ?? kept.url;
  if (told === undefined) {
    throw new UserError('server-unknown', 'No server is named.', {
      remedy: 'Sign in with "writeback sign-in", or set WRITEBACK_URL and WRITEBACK_API_KEY.',
    });
  }
  const url = serverUrl(told);
  const apiKey = given ?? (kept.url === url ? kept.apiKey : undefined);
  if (apiKey !== undefined) return { url, apiKey };
  throw new UserError('server-signed-out', `You are not signed in to ${url}.`, {
    remedy: 'Sign in with "writeback sign-in", or set WRITEBACK_API_KEY.',
  });
}

/** Lends a client that a key signs in. */
async function withKey<T>(
  { url, apiKey }: ServerAddress,
  context: CliContext,
  work: (server: Server) => Promise<T>,
): Promise<T> {
  context.log.hide(apiKey);
  const headers = { authorization: `Bearer ${apiKey}` };
  // The contract's types are many: who runs a file waits for none of them.
  const { createClient } = await import('../contract/client.ts');
  return withFetch(context, async (fetch) => {
    const client = createClient({ baseUrl: `${url}/api`, headers, fetch });
    return work({ url, client, fetch, headers });
  });
}

/** Lends a signed-in client of the server that was told. Throws UserErrors `server-…`. */
export async function withServer<T>(
  typed: Arguments,
  context: CliContext,
  work: (server: Server) => Promise<T>,
): Promise<T> {
  return withKey(await addressOf(typed), context, work);
}

/**
 * Ends the kept key at the server that made it, which is forgotten in any case. Throws TemporaryError `sign-out-key-lives`
 * when the server does not say that it has ended.
 */
export async function endKeptKey(context: CliContext): Promise<void> {
  try {
    const { url, apiKey } = await keptAddress();
    if (url !== undefined && apiKey !== undefined)
      await withKey({ url, apiKey }, context, ({ client }) => client.signOut({ query: {} }));
  } catch (cause) {
    // It has ended already.
    if (cause instanceof UserError && cause.code === 'api-not-signed-in') return;
    const sentence = `The key is forgotten here, but its server did not end it: ${(cause as Error).message}`;
    throw new TemporaryError('sign-out-key-lives', sentence, {
      remedy: 'End it with "writeback api-keys delete"; else it ends by itself, 90 days after it was made.',
      cause,
    });
  } finally {
    await rm(clientSettings().file, { force: true });
  }
}

/** Lends a `fetch` that Ctrl-C ends. */
export async function withFetch<T>(
  { egress, signal }: CliContext,
  work: (ours: typeof fetch) => Promise<T>,
): Promise<T> {
  const { fetch, close } = createFetch(egress);
  try {
    return await work((url, init) => fetch(url, { signal, ...init }));
  } finally {
    await close();
  }
}
