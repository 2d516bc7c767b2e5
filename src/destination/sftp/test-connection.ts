import { randomBytes } from 'node:crypto';
import type { LookupAddress } from 'node:dns';
import type { ConnectionWork, TestStep } from '../../connector/contract.ts';
import type { Egress } from '../../egress/egress.ts';
import { explainSocketError } from '../../egress/egress.ts';
import { isTold } from '../../errors.ts';
import { explainStatus, status, statusOf } from './explain.ts';
import { makeFolders } from './make-folders.ts';
import { fixedFolder, inFolder } from './remote-path.ts';
import { publish, sizeOf } from './rename-ladder.ts';
import { readAccess } from './sftp-access.ts';
import type { SftpChannel } from './sftp-channel.ts';
import type { SftpDetails, sftpCredentials, sftpDetails } from './sftp-fields.ts';
import type { SftpSession } from './sftp-session.ts';
import { type Access, withSession } from './ssh-session.ts';

type Work = ConnectionWork<typeof sftpCredentials, typeof sftpDetails>;

/** Collects steps with their times; the one under way gets the error when there is one. */
function createSteps() {
  const done: TestStep[] = [];
  let name = '';
  let begun = performance.now();
  const add = (ok: boolean, message: string, remedy?: string) =>
    done.push({ name, ok, time: Math.round(performance.now() - begun), message, remedy });
  return {
    done,
    begin(next: string) {
      name = next;
      begun = performance.now();
    },
    pass(message: string) {
      add(true, message);
    },
    fail(error: unknown) {
      const told = isTold(error);
      add(false, error instanceof Error ? error.message : String(error), told ? error.remedy : undefined);
    },
  };
}

type Steps = ReturnType<typeof createSteps>;

function resolve(egress: Egress, { host, port }: Access['address']): Promise<string> {
  return new Promise((done, fail) => {
    egress.lookup(host, { all: true }, (error, addresses) => {
      if (error) return fail(explainSocketError(error, host, port));
      done((addresses as LookupAddress[]).map(({ address }) => address).join(', '));
    });
  });
}

/** Opens the session and reports its stages as steps. */
function probeServer(work: Work, access: Access, steps: Steps): Promise<void> {
  const { host, port } = access.address;
  let seen = '';
  steps.begin('connect');
  return withSession(
    access,
    // Step by step, so that what fails has a name.
    { ...work, direct: false },
    async (session) => {
      steps.pass(`Signed in as ${access.identity.username}.`);
      await probeFolder(session, work.details, work.signal, steps);
    },
    {
      connected() {
        steps.pass(`${host}, port ${port}, answers.`);
        steps.begin('host key');
      },
      hostKey({ fingerprint, type }) {
        seen = `${fingerprint} (${type})`;
      },
      hostKeyAccepted() {
        const known =
          access.pins.length > 0
            ? 'is one of those given'
            : 'was accepted unseen, as Accept Unknown Host Key says';
        steps.pass(`${seen} ${known}.`);
        steps.begin('sign in');
      },
    },
  );
}

async function probeFolder(
  session: SftpSession,
  details: SftpDetails,
  signal: AbortSignal,
  steps: Steps,
): Promise<void> {
  const channel = session.channel(signal);
  const folder = fixedFolder(details);
  steps.begin('folder');
  const size = folder === '.' || folder === '/' ? undefined : await sizeOf(channel, folder);
  if (size === 'missing' && details.createFolders) {
    return steps.pass(`${folder} is not there yet; the first run makes it.`);
  }
  if (size !== undefined) await makeFolders(channel, folder, false);
  const shown = await channel.realPath(folder).catch(() => folder);
  steps.pass(size === 'hidden' ? `${shown} cannot be looked at; writing will tell.` : `${shown} is there.`);
  steps.begin('write probe');
  steps.pass(await probeWrite(channel, folder, details.writeInPlace));
}

/** Writes a tiny file, renames it and removes it. */
async function probeWrite(channel: SftpChannel, folder: string, inPlace: boolean): Promise<string> {
  const name = `.writeback-test-${randomBytes(6).toString('hex')}`;
  const [temporary, final, aside] = ['part', 'done', 'old'].map((ending) =>
    inFolder(folder, `${name}.${ending}`),
  ) as [string, string, string];
  const bytes = Buffer.from('writeback connection test\n');
  try {
    const handle = await channel.create(temporary);
    await channel.write(handle, bytes, 0);
    await channel.close(handle);
    if (inPlace) return 'A file could be written.';
    const rung = await publish(channel, { temporary, final, aside }, bytes.length);
    return `A file could be written and renamed${rung === 'replaced' ? ', replacing an older one at once' : ''}.`;
  } catch (error) {
    throw explainStatus(error, { doing: 'write into', path: folder });
  } finally {
    await removeProbe(channel, [temporary, final, aside]);
  }
}

async function removeProbe(channel: SftpChannel, paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    await channel.remove(path).catch((error: unknown) => {
      if (statusOf(error) === status.noSuchFile) return;
    });
  }
}

/** Resolve, connect, host key, sign in, folder, write probe; ends at the first that fails. No secret is sent before the host key is accepted. */
export async function* testConnection(work: Work): AsyncGenerator<TestStep> {
  const steps = createSteps();
  try {
    const access = readAccess(work.credentials);
    steps.begin('resolve');
    steps.pass(await resolve(work.egress, access.address));
    await probeServer(work, access, steps);
  } catch (error) {
    work.signal.throwIfAborted();
    steps.fail(error);
  }
  yield* steps.done;
}
