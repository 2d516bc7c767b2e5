import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { readVariable } from '../config.ts';
import { UserError } from '../errors.ts';

type Group = Record<string, unknown>;

/** Puts the values of environment variables in the place of `${NAME}`. */
function fromEnvironment(text: string, field: string): string {
  return text.replaceAll(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (_, name: string) => {
    const value = readVariable(name);
    if (value !== undefined) return value;
    throw new UserError('writeback-variable-missing', `The environment variable ${name} is not set.`, {
      field,
      remedy: `Set it before the command: export ${name}=…`,
    });
  });
}

/** The content of a file without its last line end, which editors add. */
async function fromFile(path: string, name: string, field: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).replace(/\r?\n$/, '');
  } catch (cause) {
    const message = `The file ${name} cannot be read: ${(cause as Error).message}.`;
    throw new UserError('writeback-file-unreadable', message, { field, cause });
  }
}

async function resolved(value: unknown, folder: string, field: string): Promise<unknown> {
  if (typeof value === 'string') return fromEnvironment(value, field);
  if (Array.isArray(value)) return Promise.all(value.map((entry) => resolved(entry, folder, field)));
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  const { file, ...others } = value as Group;
  const isFile = typeof file === 'string' && Object.keys(others).length === 0;
  return isFile ? fromFile(resolve(folder, file), file, field) : resolveValues(value as Group, folder, field);
}

/**
 * Follows `${NAME}` and `{ file: path }` wherever they stand in a group; files lie relative to `folder`, `path` leads to the
 * group. Throws UserError `writeback-variable-missing` and `writeback-file-unreadable` with the path of the field.
 */
export async function resolveValues(group: Group, folder: string, path = ''): Promise<Group> {
  const done: Group = {};
  for (const [key, value] of Object.entries(group)) {
    done[key] = await resolved(value, folder, path === '' ? key : `${path}.${key}`);
  }
  return done;
}
