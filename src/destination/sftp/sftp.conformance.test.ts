import { after } from 'node:test';
import { conformance } from '../../connector/conformance.ts';
import { startProftpd } from '../../../test/servers/proftpd.ts';
import { type SftpServer, serverFromUrl } from '../../../test/servers/sftp-server.ts';
import { sftpTarget, standInServer } from '../../../test/servers/sftp-target.ts';
import { startSshd } from '../../../test/servers/sshd.ts';
import { createSftpConnector, sftpConnector } from './sftp.ts';

// Servers that can replace a file at once: without that no client can keep a cut from falling between two renames.
// Each serves all its tests; every test has a folder of its own.
const servers: readonly (readonly [string, SftpServer | undefined])[] = [
  ['stand-in', await standInServer({ faults: { renameReplaces: true } })],
  ['sshd', await startSshd()],
  ['ProFTPD', await startProftpd(['SFTPAuthMethods publickey password'])],
  ['SFTP_TEST_URL', serverFromUrl()],
];

for (const [name, server] of servers) {
  if (!server) continue;
  after(() => server.stop());
  conformance(`sftp on ${name}`, async () => sftpTarget(server, sftpConnector));
}

const [, sshd] = servers[1] ?? [];
const throughSsh2 = createSftpConnector({ direct: false });
if (sshd) conformance('sftp on sshd, through ssh2', async () => sftpTarget(sshd, throughSsh2));
