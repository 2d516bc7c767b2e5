import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UserError } from '../../errors.ts';

/** Whom the server runs as. */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

/**
 * PostgreSQL refuses to run as root, so under root it is given to `postgres`, else to `nobody`; undefined means as
 * ourselves. A bare number would not do: `initdb` looks its user up by name.
 */
export async function serverUser(uid = process.getuid?.()): Promise<ServerUser | undefined> {
  if (uid !== 0) return undefined;
  const users = await readFile('/etc/passwd', 'utf8').catch(() => '');
  for (const name of ['postgres', 'nobody']) {
    const found = new RegExp(`^${name}:[^:]*:(\\d+):(\\d+):`, 'm').exec(users);
    if (found) return { uid: Number(found[1]), gid: Number(found[2]) };
  }
  throw new UserError(
    'store-root',
    'PostgreSQL does not run as root, and there is no other user to run it.',
    {
      remedy: 'Start Writeback as an ordinary user, or name a PostgreSQL of your own in DATABASE_URL.',
    },
  );
}

/** True when every user may pass through all the folders down to this one, and into it. */
export async function everyoneReaches(folder: string): Promise<boolean> {
  const { mode } = await stat(folder);
  if ((mode & 0o001) === 0) return false;
  const above = dirname(folder);
  return above === folder || everyoneReaches(above);
}
