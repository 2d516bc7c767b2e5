import { UserError } from '../../errors.ts';
import { explainStatus, status, statusOf } from './explain.ts';
import { folderOf } from './remote-path.ts';
import type { SftpChannel } from './sftp-channel.ts';

/** There, missing, or unknown because the server does not let us look (a drop box). */
async function look(channel: SftpChannel, folder: string): Promise<'there' | 'missing' | 'hidden'> {
  try {
    const found = await channel.stat(folder);
    if (found.isFile()) {
      throw new UserError('sftp-path-not-a-folder', `${folder} is a file, not a folder.`, {
        field: 'path',
        remedy: 'Choose another Path.',
      });
    }
    return 'there';
  } catch (error) {
    if (statusOf(error) === status.noSuchFile) return 'missing';
    if (statusOf(error) !== undefined) return 'hidden';
    throw error;
  }
}

/**
 * Makes a folder and those above it, when `create`. One that was made meanwhile is as good as one of ours: servers answer
 * “exists” in different ways, so it is looked at again.
 * Throws UserError `sftp-path-missing`, `sftp-path-not-a-folder`, `sftp-permission-denied`.
 */
export async function makeFolders(channel: SftpChannel, folder: string, create: boolean): Promise<void> {
  if (folder === '.' || folder === '/' || (await look(channel, folder)) !== 'missing') return;
  if (!create) {
    throw new UserError('sftp-path-missing', `The folder ${folder} is not there.`, {
      field: 'path',
      remedy: 'Check the Path, or let Create Folders make it.',
    });
  }
  await makeFolders(channel, folderOf(folder), create);
  try {
    await channel.makeFolder(folder);
  } catch (error) {
    if ((await look(channel, folder)) !== 'there')
      throw explainStatus(error, { doing: 'make the folder', path: folder });
  }
}
