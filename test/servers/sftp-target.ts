import { randomBytes } from 'node:crypto';
import type { SFTPWrapper } from 'ssh2';
import ssh2 from 'ssh2';
import type { ConformanceTarget } from '../../src/connector/conformance.ts';
import type { Connector } from '../../src/connector/contract.ts';
import { sftpConnector } from '../../src/destination/sftp/sftp.ts';
import { canonicalRows } from './canonical-rows.ts';
import type { SftpServer } from './sftp-server.ts';
import { type SftpStandIn, startSftp } from './sftp-stand-in.ts';

type Callback<T> = (error: Error | null | undefined, value: T) => void;

const promise = <T>(start: (done: Callback<T>) => void) =>
  new Promise<T>((done, fail) => start((error, value) => (error ? fail(error) : done(value))));

/** Lends a plain ssh2 session, which shares no code with the connector. */
export async function withReader<T>(server: SftpServer, use: (sftp: SFTPWrapper) => Promise<T>): Promise<T> {
  const client = new ssh2.Client();
  const { host, port, username, password, privateKey } = server;
  try {
    await new Promise<void>((done, fail) => {
      client
        .on('ready', () => {
          // Without it Nagle's algorithm costs 40 ms an operation.
          client.setNoDelay(true);
          done();
        })
        .on('error', fail);
      const secrets = privateKey === undefined ? { password: password ?? '' } : { privateKey };
      client.connect({ host, port, username, ...secrets });
    });
    return await use(await promise<SFTPWrapper>((done) => client.sftp(done)));
  } finally {
    client.end();
  }
}

/** Names in a folder; none when it is not there. */
export function listFolder(server: SftpServer, folder: string): Promise<string[]> {
  return withReader(server, async (sftp) => {
    const entries = promise<{ filename: string }[]>((done) => sftp.readdir(folder, done));
    const names = (await entries.catch(() => [])).map(({ filename }) => filename);
    return names.filter((name) => name !== '.' && name !== '..').toSorted();
  });
}

/** The bytes of a file. */
export function readRemote(server: SftpServer, path: string): Promise<Buffer> {
  return withReader(server, (sftp) => promise<Buffer>((done) => sftp.readFile(path, done)));
}

/** Removes a folder and the files in it. */
export function removeFolder(server: SftpServer, folder: string): Promise<void> {
  return withReader(server, async (sftp) => {
    const entries = await promise<{ filename: string }[]>((done) => sftp.readdir(folder, done)).catch(
      () => [],
    );
    for (const { filename } of entries.filter(({ filename }) => !/^\.\.?$/.test(filename))) {
      await promise<void>((done) => sftp.unlink(`${folder}/${filename}`, (error) => done(error, undefined)));
    }
    await promise<void>((done) => sftp.rmdir(folder, (error) => done(error, undefined))).catch(() => {});
  });
}

/** Credentials of a server as a person would type them. */
export function credentialsOf(server: SftpServer): Record<string, unknown> {
  const { host, port, username, password, privateKey, hostKeyFingerprint } = server;
  const secret = privateKey === undefined ? { password } : { sshPrivateKey: privateKey };
  return { hostname: `sftp://${host}/`, port, username, ...secret, hostKey: hostKeyFingerprint };
}

/** The stand-in as a server for suites. */
export async function standInServer(
  ...options: Parameters<typeof startSftp>
): Promise<SftpServer & { standIn: SftpStandIn }> {
  const standIn = await startSftp(...options);
  const { host, port, username, password, hostKeyFingerprint } = standIn;
  const rest = { path: '/in', stop: () => standIn.stop(), standIn };
  return { name: 'stand-in', host, port, username, password, hostKeyFingerprint, ...rest };
}

/** A folder of its own on a server, as a target; `close` removes it and leaves the server running. */
export function sftpTarget(server: SftpServer, connector: Connector = sftpConnector): ConformanceTarget {
  const folder = `${server.path === '' ? '' : `${server.path}/`}t-${randomBytes(4).toString('hex')}`;
  const credentials = credentialsOf(server);
  const wrong =
    server.privateKey === undefined
      ? { password: 'wrong horse' }
      : { sshPrivateKey: undefined, password: 'wrong horse' };
  const ours = /^\..*\.(part|old)$|^\.writeback-test/;
  return {
    connector,
    credentials,
    details: { path: folder, selectFilename: 'fileName', filename: 'rows' },
    endpoint: { host: server.host, port: server.port },
    via: (host, port) => ({ ...credentials, hostname: host, port }),
    refused: { ...credentials, ...wrong },
    secrets: [server.password, server.privateKey].filter((secret) => secret !== undefined),
    async stored() {
      const name = (await listFolder(server, folder)).find((name) => name.endsWith('.csv'));
      return name === undefined ? undefined : canonicalRows(await readRemote(server, `${folder}/${name}`));
    },
    leftovers: async () => (await listFolder(server, folder)).filter((name) => ours.test(name)),
    close: () => removeFolder(server, folder),
  };
}
