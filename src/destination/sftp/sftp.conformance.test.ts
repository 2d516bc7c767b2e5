import { conformance } from '../../connector/conformance.ts';
import { startProftpd } from '../../../test/servers/proftpd.ts';
import { type SftpServer, serverFromUrl } from '../../../test/servers/sftp-server.ts';
import { sftpTarget, standInServer } from '../../../test/servers/sftp-target.ts';
import { startSshd } from '../../../test/servers/sshd.ts';

// Servers that can replace a file at once: without that no client can keep a cut from falling between two renames.
const servers: readonly (readonly [string, () => Promise<SftpServer | undefined>])[] = [
  ['stand-in', () => standInServer({ faults: { renameReplaces: true } })],
  ['sshd', () => startSshd()],
  ['ProFTPD', () => startProftpd(['SFTPAuthMethods publickey password'])],
  ['SFTP_TEST_URL', async () => serverFromUrl()],
];

/** Each test gets a server of its own: starting one takes less than a tenth of a second. */
async function open(start: () => Promise<SftpServer | undefined>) {
  const server = await start();
  if (!server) throw new Error('the server was there a moment ago');
  const target = sftpTarget(server);
  return {
    ...target,
    async close() {
      await target.close();
      await server.stop();
    },
  };
}

for (const [name, start] of servers) {
  const probe = await start();
  await probe?.stop();
  if (probe) conformance(`sftp on ${name}`, () => open(start));
}
