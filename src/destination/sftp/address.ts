import { UserError } from '../../errors.ts';

/** Where the server listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

const remedy = 'Enter the bare name of the server, or sftp://name.';

/** Reads a host as people paste it: `files.example.com`, `sftp://files.example.com/`, `sftp://name:2222`, `[::1]`. A port in it wins. */
export function readAddress(hostname: string, port: number): Address {
  const bare = hostname
    .trim()
    .replace(/^sftp:\/\//i, '')
    .replace(/\/+$/, '');
  const other = /^([a-z][a-z0-9+.-]*):\/\//i.exec(bare)?.[1];
  if (other !== undefined) refuse(`The host name begins with ${other}://, which is not SFTP.`);
  if (bare.includes('@'))
    refuse('The host name holds an @: the user name and the password have fields of their own.');
  if (bare.includes('/')) refuse('The host name holds a path: the folder belongs into Path.');
  const parts =
    /^(?:\[([0-9a-f:.%]+)\]|([^:\s[\]]+)|([0-9a-f]*:[0-9a-f:.%]*:[0-9a-f:.%]*))(?::(\d{1,5}))?$/i.exec(bare);
  const host = parts?.[1] ?? parts?.[2] ?? parts?.[3];
  if (host === undefined) return refuse(`“${bare}” is not a host name.`);
  return { host, port: parts?.[4] === undefined ? port : Number(parts[4]) };
}

function refuse(message: string): never {
  throw new UserError('sftp-hostname-invalid', message, { field: 'hostname', remedy });
}

/** `sftp://host[:port]/path`: the default port is left out, a path from the home folder is written without a second slash. */
export function location({ host, port }: Address, path: string): string {
  const name = host.includes(':') ? `[${host}]` : host;
  const encoded = path.split('/').map(encodeURIComponent).join('/');
  return `sftp://${name}${port === 22 ? '' : `:${port}`}/${encoded.replace(/^\/+/, '')}`;
}
