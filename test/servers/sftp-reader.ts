import { once } from 'node:events';
import { connect } from 'node:net';
import type { SFTPWrapper } from 'ssh2';
import ssh2 from 'ssh2';
import type { SftpServer } from './sftp-server.ts';

type Callback<T> = (error: Error | null | undefined, value: T) => void;

const promise = <T>(start: (done: Callback<T>) => void) =>
  new Promise<T>((done, fail) => start((error, value) => (error ? fail(error) : done(value))));

/** Looks at an SFTP server through plain ssh2, which shares no code with the connector. Signs in when first asked, and stays. */
export interface SftpReader {
  /** Names in a folder; none when it is not there. */
  list(folder: string): Promise<string[]>;
  /** The bytes of a file. */
  read(path: string): Promise<Buffer>;
  /** Removes a folder and the files in it. */
  removeFolder(folder: string): Promise<void>;
  close(): Promise<void>;
}

async function signIn({ host, port, username, password, privateKey }: SftpServer) {
  // A socket of our own, because with Nagle's algorithm every operation takes 40 ms.
  const sock = connect({ host, port, noDelay: true });
  const client = new ssh2.Client();
  const secrets = privateKey === undefined ? { password: password ?? '' } : { privateKey };
  const ready = once(client, 'ready');
  client.connect({ sock, username, ...secrets });
  await ready;
  const sftp = await promise<SFTPWrapper>((done) => client.sftp(done));
  client.on('error', () => {});
  return { client, sftp };
}

/** A reader of a server; close it before the server stops. */
export function createReader(server: SftpServer): SftpReader {
  let session: ReturnType<typeof signIn> | undefined;
  const sftp = async () => (await (session ??= signIn(server))).sftp;
  const list = async (folder: string) => {
    const reader = await sftp();
    const entries = promise<{ filename: string }[]>((done) => reader.readdir(folder, done));
    const names = (await entries.catch(() => [])).map(({ filename }) => filename);
    return names.filter((name) => name !== '.' && name !== '..').toSorted();
  };
  return {
    list,
    async read(path) {
      const reader = await sftp();
      return promise<Buffer>((done) => reader.readFile(path, done));
    },
    async removeFolder(folder) {
      const reader = await sftp();
      for (const name of await list(folder)) {
        await promise<void>((done) => reader.unlink(`${folder}/${name}`, (error) => done(error, undefined)));
      }
      await promise<void>((done) => reader.rmdir(folder, (error) => done(error, undefined))).catch(() => {});
    },
    async close() {
      (await session)?.client.end();
    },
  };
}
