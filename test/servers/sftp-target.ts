import { randomBytes } from 'node:crypto';
import type { ConformanceTarget } from '../../src/connector/conformance.ts';
import type { Connector } from '../../src/connector/contract.ts';
import { sftpConnector } from '../../src/destination/sftp/sftp.ts';
import { canonicalRows } from './canonical-rows.ts';
import { createReader } from './sftp-reader.ts';
import type { SftpServer } from './sftp-server.ts';
import { type SftpStandIn, startSftp } from './sftp-stand-in.ts';

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
  const reader = createReader(server);
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
      const name = (await reader.list(folder)).find((name) => name.endsWith('.csv'));
      return name === undefined ? undefined : canonicalRows(await reader.read(`${folder}/${name}`));
    },
    leftovers: async () => (await reader.list(folder)).filter((name) => ours.test(name)),
    async close() {
      await reader.removeFolder(folder);
      await reader.close();
    },
  };
}
