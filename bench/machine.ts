import { execFileSync } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';
import { mongoimport } from './mongodb-paths.ts';

/** Where figures were taken, and with what. */
export interface Machine {
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
}

const asked: Readonly<Record<string, readonly [string, ...string[]]>> = {
  aws: ['aws', '--version'],
  curl: ['curl', '--version'],
  OpenSSH: ['ssh', '-V'],
  mongoimport: [mongoimport, '--version'],
  pigz: ['pigz', '--version'],
  zstd: ['zstd', '--version'],
};

/** The first line that holds a number with dots; some tools write it to standard error. Undefined when it is missing. */
function versionOf([command, ...words]: readonly [string, ...string[]]): string | undefined {
  try {
    const script = `"$0" "$@" 2>&1`;
    const text = execFileSync('sh', ['-c', script, command, ...words], { encoding: 'utf8' });
    return /\d+\.\d[\w.]*/.exec(text)?.[0];
  } catch {
    return undefined;
  }
}

/** Of this machine, now. */
export function machine(): Machine {
  const memory = `${Math.round(totalmem() / 1e9)} GB`;
  const versions = Object.entries(asked).flatMap(([name, command]): [string, string][] => {
    const version = versionOf(command);
    return version === undefined ? [] : [[name, version]];
  });
  return {
    machine: `${cpus().length} × ${cpus()[0]?.model.trim()}, ${memory}, Linux ${release()}`,
    versions: { Node: process.version.slice(1), ...Object.fromEntries(versions) },
  };
}
