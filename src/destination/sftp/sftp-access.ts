import { UserError } from '../../errors.ts';
import { readAddress } from './address.ts';
import { readPins } from './host-key.ts';
import { readPrivateKey } from './private-key.ts';
import type { SftpCredentials } from './sftp-fields.ts';
import type { Access } from './ssh-session.ts';

/** Reads the credentials; everything that can be wrong with them without asking the server is told here, as UserError with its field. */
export function readAccess(credentials: SftpCredentials): Access {
  const { hostname, port, password, sshPrivateKey, passphrase, hostKey } = credentials;
  const address = readAddress(hostname, port);
  const username = credentials.username.trim();
  if (username === '')
    throw new UserError('sftp-username-missing', 'No user name is given.', { field: 'username' });
  const key = sshPrivateKey?.trim() ? readPrivateKey(sshPrivateKey, passphrase) : undefined;
  if (key === undefined && !password) {
    throw new UserError('sftp-credentials-missing', 'Neither a password nor a private key is given.', {
      field: 'password',
      remedy: 'Enter the Password, the SSH Private Key, or both, as the server wants.',
    });
  }
  return {
    address,
    identity: { username, password: password || undefined, key },
    pins: readPins(hostKey, address),
    acceptUnknown: credentials.acceptUnknownHostKey,
  };
}
