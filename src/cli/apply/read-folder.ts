import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { accountKind, domoKind } from '../../account/account-kinds.ts';
import type { Registry } from '../../connector/registry.ts';
import { UserError } from '../../errors.ts';
import type { CliContext } from '../command.ts';
import { parseYaml, placed, resolvedGroup } from '../yaml-file.ts';
import { type Wanted, type WantedAccount, wantedIn } from './wanted.ts';

/** The YAML files of a folder and those below it, or the one file. Throws UserError `apply-folder`. */
async function filesOf(path: string): Promise<string[]> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new UserError('apply-folder', `${path} cannot be read: ${(cause as Error).message}.`, { cause });
  });
  if (found.isFile()) return [path];
  const names = await readdir(path, { recursive: true });
  const files = names.filter((name) => /\.ya?ml$/i.test(name) && !/(^|\/)\./.test(name)).toSorted();
  if (files.length > 0) return files.map((name) => join(path, name));
  throw new UserError('apply-folder', `There is no YAML file in ${path}.`);
}

/** From now on the log hides the secrets of an account. */
function hide({ connector, credentials }: WantedAccount, registry: Registry, log: CliContext['log']): void {
  const known = connector === domoKind || registry.list().some(({ id }) => id === connector);
  if (!known) return;
  for (const [id, { type }] of Object.entries(accountKind(registry, connector).fields)) {
    const value = credentials[id];
    if (type === 'secret' && typeof value === 'string') log.hide(value);
  }
}

async function read(path: string, { registry, log }: CliContext): Promise<Wanted> {
  const yaml = await parseYaml(path);
  try {
    const wanted = wantedIn(await resolvedGroup(yaml, registry), path);
    for (const account of wanted.accounts) hide(account, registry, log);
    return wanted;
  } catch (error) {
    throw error instanceof UserError ? placed(yaml, error) : error;
  }
}

/** Each name once; the same thing may be described twice if both agree. Throws UserError `apply-twice`. */
function once<T extends { readonly name: string }>(kind: string, things: readonly T[]): T[] {
  const found = new Map<string, T>();
  for (const thing of things) {
    const before = found.get(thing.name);
    if (before && JSON.stringify(before) !== JSON.stringify(thing))
      throw new UserError('apply-twice', `The ${kind} "${thing.name}" is described twice, and differently.`, {
        remedy: 'Give each its own name.',
      });
    found.set(thing.name, thing);
  }
  return [...found.values()];
}

/** All that the YAML files of a folder, or one file, describe. Throws UserErrors that begin with `file:line:`. */
export async function readFolder(path: string, context: CliContext): Promise<Wanted> {
  const files = await Promise.all((await filesOf(path)).map((file) => read(file, context)));
  const writebacks = files.flatMap((file) => file.writebacks);
  const names = writebacks.map(({ name }) => name);
  const second = names.find((name, index) => names.indexOf(name) !== index);
  if (second !== undefined) throw new UserError('apply-twice', `Two writebacks are called "${second}".`);
  return {
    accounts: once(
      'account',
      files.flatMap((file) => file.accounts),
    ),
    datasets: once(
      'DataSet',
      files.flatMap((file) => file.datasets),
    ),
    writebacks,
  };
}
