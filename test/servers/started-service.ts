import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { after } from 'node:test';
import { dataFolder } from './store-places.ts';

const main = new URL('../../src/main.ts', import.meta.url).pathname;

/** Processes that a test has not ended, at its end. */
const left = new Set<ChildProcess>();
after(() => {
  for (const child of left) child.kill('SIGKILL');
});

type Environment = Readonly<Record<string, string>>;

function begin(words: readonly string[], environment: Environment, input = ''): ChildProcess {
  const { PATH = '', HOME = '' } = process.env;
  const env = { PATH, HOME, ...environment };
  const child = spawn(process.execPath, [main, ...words], { env, stdio: 'pipe' });
  child.stdin.on('error', () => {}).end(input);
  left.add(child);
  child.once('exit', () => left.delete(child));
  return child;
}

/**
 * A command as somebody types it: its exit code, its lines of JSON, and what it said besides. `begun` is called when it
 * says something for the first time.
 */
export async function typed(
  words: readonly string[],
  environment: Environment,
  input = '',
  begun = (): void => {},
) {
  const child = begin([...words, '--json'], environment, input);
  child.stdout!.once('data', begun);
  const [out, err, [code]] = await Promise.all([
    text(child.stdout!),
    text(child.stderr!),
    once(child, 'exit') as Promise<[number | null]>,
  ]);
  const lines = out.split('\n').filter((line) => line.startsWith('{'));
  return { code, err, lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

/** A process of `writeback start` that serves. */
export interface StartedService {
  readonly pid: number;
  readonly url: string;
  readonly setupUrl: string | undefined;
  /** Asks it to end, or kills it; gives the exit code, and null when it was killed. */
  readonly end: (signal: 'SIGTERM' | 'SIGKILL') => Promise<number | null>;
}

/** Starts a process, and waits until it serves. Throws with what it said when it ends before. */
export async function startService(environment: Environment): Promise<StartedService> {
  const child = begin(['start', '--json'], { WRITEBACK_FOLDERS: tmpdir(), ...environment });
  let said = '';
  child.stderr!.on('data', (bytes: Buffer) => (said += bytes.toString()));
  const exited = once(child, 'exit') as Promise<[number | null]>;
  const [line] = (await Promise.race([
    once(createInterface(child.stdout!), 'line'),
    exited.then(([code]) => Promise.reject(new Error(`It ended with ${code}: ${said}`))),
  ])) as [string];
  const { url = '', setupUrl } = JSON.parse(line) as { url?: string; setupUrl?: string };
  return {
    pid: child.pid!,
    url,
    setupUrl,
    async end(signal) {
      child.kill(signal);
      const [code] = await exited;
      return code;
    },
  };
}

/** Environment of a person whose configuration lies in a folder of the test's own. */
export async function ownConfiguration(): Promise<Environment> {
  const folder = await mkdtemp(join(tmpdir(), 'writeback-config-'));
  after(() => rm(folder, { recursive: true, force: true }));
  return { XDG_CONFIG_HOME: folder };
}

/** What everybody in a test signs in with. */
export const password = 'correct horse battery staple';

/** The answers that `writeback setup` asks for. */
export const answers = (link: string) => `${link}\nAda\nada@example.com\n${password}\n${password}\n`;

/** A folder with a writeback of three rows to a folder, as it stands in git. */
export async function yamlFolder(): Promise<{ yaml: string; out: string }> {
  const folder = await dataFolder();
  const [yaml, out] = [join(folder, 'yaml'), join(folder, 'out')];
  await mkdir(yaml);
  await writeFile(join(yaml, 'people.csv'), 'id,name\n1,Ada\n2,Bob\n3,名\n');
  const lines = [
    'name: People',
    'source: { kind: local, path: people.csv }',
    'connector: folder',
    `credentials: { folder: ${out} }`,
    'details: { fileName: people }',
    'schedule: { every: day, at: "06:00", timeZone: Europe/Berlin }',
  ];
  await writeFile(join(yaml, 'people.yaml'), lines.join('\n'));
  return { yaml, out };
}
