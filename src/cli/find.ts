import type { Client } from '../contract/client.ts';
import { UserError } from '../errors.ts';

interface Page<T> {
  readonly items: readonly T[];
  readonly next?: string;
}

/** Things of one page at the most that the API allows. */
const limit = 200;

/** All pages of a list, or the first `most` things of it. */
export async function all<T>(
  page: (paging: { limit: number; after?: string }) => Promise<Page<T>>,
  most = Infinity,
): Promise<T[]> {
  const found: T[] = [];
  let after: string | undefined;
  do {
    const wanted = Math.min(limit, most - found.length);
    const { items, next } = await page({ limit: wanted, ...(after !== undefined && { after }) });
    found.push(...items);
    after = next;
  } while (after !== undefined && found.length < most);
  return found;
}

interface Named {
  readonly id: string;
  readonly name: string;
}

/** The thing with that id or, if only one has it, that name. Throws UserErrors `…-unknown` and `…-ambiguous`. */
export function named<T extends Named>(
  kind: string,
  things: readonly T[],
  word: string,
  command = `${kind}s`,
): T {
  const byId = things.find(({ id }) => id === word);
  const byName = things.filter(({ name }) => name === word);
  const found = byId ?? byName[0];
  if (!found) {
    throw new UserError(`${kind}-unknown`, `There is no ${kind} "${word}".`, {
      remedy: `See writeback ${command}.`,
    });
  }
  if (byId || byName.length === 1) return found;
  throw new UserError(`${kind}-ambiguous`, `${byName.length} ${kind}s are called "${word}".`, {
    remedy: `Give the id of the one that is meant: ${byName.map(({ id }) => id).join(', ')}.`,
  });
}

export const allAccounts = (client: Client) => all((query) => client.listAccounts({ query }));
export const allChannels = (client: Client) => all((query) => client.listAlertChannels({ query }));
export const allWritebacks = (client: Client) => all((query) => client.listWritebacks({ query }));
export const allPeople = (client: Client) => all((query) => client.listPeople({ query }));

export type AccountAnswer = Awaited<ReturnType<typeof allAccounts>>[number];
export type ChannelAnswer = Awaited<ReturnType<typeof allChannels>>[number];
export type WritebackAnswer = Awaited<ReturnType<typeof allWritebacks>>[number];
export type RunAnswer = Awaited<ReturnType<Client['getRun']>>;

/** A run by its id, or the newest one of a writeback by that one's name. Throws UserError `run-unknown`. */
export async function runNamed(client: Client, word: string): Promise<RunAnswer> {
  if (word.startsWith('run_')) return client.getRun({ params: { id: word } });
  const { id, name } = named('writeback', await allWritebacks(client), word);
  const [newest] = (await client.listRuns({ query: { writebackId: id, limit: 1 } })).items;
  if (newest) return newest;
  throw new UserError('run-unknown', `"${name}" has not run yet.`);
}
