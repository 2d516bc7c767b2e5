import { type FileJob, type PublishedFile, defineConnector } from '../../connector/contract.ts';
import { location } from './address.ts';
import { type Remains, publishFile, tidy } from './publish-file.ts';
import { nameTemplate, remotePath } from './remote-path.ts';
import { readAccess } from './sftp-access.ts';
import { sftpCredentials, sftpDetails } from './sftp-fields.ts';
import { type Access, withSession } from './ssh-session.ts';
import { testConnection } from './test-connection.ts';

type Job = FileJob<typeof sftpCredentials, typeof sftpDetails>;

/** Milliseconds for coming back to remove a file after the connection broke. */
const returnLimit = 5000;

/** How bytes go out. */
export interface SftpTransport {
  /** False: through ssh2's public functions only, as happens by itself when ssh2 is not the version that is known. */
  readonly direct: boolean;
}

async function publishAll(
  job: Job,
  access: Access,
  { direct }: SftpTransport,
  leftBehind: (remains: Remains) => void,
): Promise<PublishedFile[]> {
  const { details, signal, writeback } = job;
  const { createFolders, writeInPlace, concurrentWrites } = details;
  const warn = (sentence: string) => job.warn(sentence);
  const options = { createFolders, writeInPlace, concurrentWrites, owner: writeback.id, signal, warn };
  return withSession(access, { egress: job.egress, signal, direct }, async (session) => {
    if (direct && !session.direct)
      job.log.info('sftp writes go through the public functions of ssh2: slower, not less safe');
    const published: PublishedFile[] = [];
    for await (const file of job.files) {
      const path = remotePath(details, file.path);
      await publishFile(session, file, path, options, leftBehind);
      published.push({ location: location(access.address, path) });
    }
    return published;
  });
}

/** After a broken connection the half-written file is still there: comes back once to remove it. Never hides the first error. */
async function comeBackAndTidy(job: Job, access: Access, remains: Remains): Promise<void> {
  try {
    await withSession(access, { egress: job.egress, signal: AbortSignal.timeout(returnLimit) }, (session) =>
      tidy(session, remains),
    );
  } catch (error) {
    job.log.warn('a half-written file may have stayed on the server', {
      path: remains.path,
      reason: (error as Error).message,
    });
  }
}

async function write(job: Job, transport: SftpTransport): Promise<readonly PublishedFile[]> {
  const access = readAccess(job.credentials);
  if (access.pins.length === 0 && access.acceptUnknown) {
    job.warn(
      'No Host Key is given, so whatever answered was trusted: enter the fingerprint that the connection test shows.',
    );
  }
  let left: Remains | undefined;
  try {
    return await publishAll(job, access, transport, (remains) => (left = remains));
  } catch (error) {
    if (left !== undefined && !job.signal.aborted) await comeBackAndTidy(job, access, left);
    throw error;
  }
}

/** The connector of SFTP over a transport; people use `sftpConnector`. */
export const createSftpConnector = (transport: SftpTransport) =>
  defineConnector({
    id: 'sftp',
    name: 'SFTP',
    summary: 'Writes the DataSet as a file on an SFTP server; the file appears whole or not at all.',
    icon: '<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"><path d="M4 20h16M6 16V4h8l4 4v8M14 4v4h4M12 17v-6M9.5 13.5 12 11l2.5 2.5"/></svg>',
    accepts: 'file',
    credentials: sftpCredentials,
    details: sftpDetails,
    check(credentials, details) {
      readAccess(credentials);
      nameTemplate(details);
    },
    fileName: nameTemplate,
    testConnection,
    write: (job) => write(job, transport),
  });

/** Writes a DataSet as a file on an SFTP server: temporary name, size check, then the final name (seed 002). */
export const sftpConnector = createSftpConnector({ direct: true });
