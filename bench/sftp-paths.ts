import type { Sshd } from '../test/servers/sshd.ts';
import type { Data } from './data.ts';
import { downloadUrl, fromFile, fromHttp, oursTo } from './ours.ts';
import type { Path, Rival } from './path.ts';
import { type Rig, takeFiles } from './rig.ts';
import { pipe } from './shell.ts';
import { toSftp } from './targets.ts';

const gcm = '-c aes128-gcm@openssh.com';

/** OpenSSH's own client, told to put one file; `-f` lets it wait, as we always do, until the server has it on its disk. */
function put(sshd: Sshd, port: number, csv: string, cipher = '', flush = ''): string {
  const options = [
    'StrictHostKeyChecking=no',
    'UserKnownHostsFile=/dev/null',
    'IdentitiesOnly=yes',
    'LogLevel=ERROR',
  ];
  const words = options.map((option) => `-o ${option}`).join(' ');
  return `echo 'put ${flush} ${csv} rival.csv' | sftp -q -b - ${cipher} -P ${port} -i ${sshd.keyFile} ${words} ${sshd.username}@${sshd.host}`;
}

const openssh = (sshd: Sshd, port: number, name: string, cipher?: string, flush?: string): Rival => ({
  name,
  tools: ['sftp'],
  timed: ({ csv }) => pipe(put(sshd, port, csv, cipher, flush)),
});

const arrivals = (sshd: Sshd, keep: boolean) => () => takeFiles(sshd.directory, keep);

function near(rig: Rig, sshd: Sshd, keep: boolean): Path {
  return {
    name: 'file-sftp',
    title: 'file → SFTP',
    rows: 'ten million',
    ours: oursTo(rig, 'file-sftp', fromFile, toSftp(sshd, sshd.port)),
    rivals: [
      openssh(sshd, sshd.port, 'OpenSSH sftp, aes128-gcm', gcm),
      { ...openssh(sshd, sshd.port, 'OpenSSH sftp, default cipher'), onlyFull: true },
      { ...openssh(sshd, sshd.port, 'OpenSSH sftp -f, aes128-gcm', gcm, '-f'), onlyFull: true },
    ],
    lines: [
      { kind: 'speed', beside: ['OpenSSH sftp, aes128-gcm'], atLeast: 0.95, quick: 0.3 },
      { kind: 'speed', beside: ['OpenSSH sftp, default cipher'], atLeast: 1.2 },
    ],
    arrived: arrivals(sshd, keep),
    expects: 'file',
    growth: true,
  };
}

function overHttp(rig: Rig, sshd: Sshd, keep: boolean): Path {
  const rival = 'curl to a file, then sftp put';
  const csv = `${rig.folder}/downloaded.csv`;
  const timed = (data: Data) =>
    pipe(`curl -sSf -o ${csv} ${downloadUrl(rig, data)} && ${put(sshd, sshd.port, csv, gcm)} && rm ${csv}`);
  return {
    name: 'http-sftp',
    title: 'HTTP → SFTP',
    rows: 'ten million',
    ours: oursTo(rig, 'http-sftp', fromHttp(rig), toSftp(sshd, sshd.port)),
    rivals: [{ name: rival, tools: ['curl', 'sftp'], timed }],
    lines: [{ kind: 'speed', beside: [rival], atLeast: 1, quick: 0.3 }],
    arrived: arrivals(sshd, keep),
    expects: 'file',
    growth: true,
  };
}

function far(rig: Rig, sshd: Sshd, port: number, keep: boolean): Path {
  return {
    name: 'far-sftp',
    title: 'file → SFTP, 40 ms away',
    rows: 'million',
    ours: oursTo(rig, 'far-sftp', fromFile, toSftp(sshd, port)),
    rivals: [openssh(sshd, port, 'OpenSSH sftp')],
    lines: [{ kind: 'speed', beside: ['OpenSSH sftp'], atLeast: 3, quick: 0.6 }],
    arrived: arrivals(sshd, keep),
    expects: 'file',
  };
}

/** Everything that ends in OpenSSH's sshd; nothing where it is missing, which `startSshd` has said. */
export function sftpPaths(rig: Rig, keep: boolean): Path[] {
  const { sshd, farSshPort } = rig;
  if (!sshd || farSshPort === undefined) return [];
  return [near(rig, sshd, keep), overHttp(rig, sshd, keep), far(rig, sshd, farSshPort, keep)];
}
