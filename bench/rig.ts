// All far ends of a bench: started once, asked after each run what came, stopped at the end.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile, readdir, stat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { mixedColumns } from '../test/data/mixed-rows.ts';
import { type Sshd, startSshd } from '../test/servers/sshd.ts';
import { type TestTls, makeTls } from '../test/servers/tls.ts';
import type { Data } from './data.ts';
import type { Export } from './far/exports.ts';
import type { Arrived } from './far/far.ts';

/** A far end in a process of its own. */
export interface Far {
  readonly port: number;
  /** What came since it was asked before. */
  readonly arrived: () => Promise<Arrived>;
}

/** Everything that the paths of a bench lead to. */
export interface Rig {
  readonly mongo: Far;
  readonly http: Far;
  readonly https: Far;
  /** Where a DataSet's CSV can be downloaded. */
  readonly source: Far;
  /** The sshd at a round trip of 40 ms. */
  readonly farSshPort: number | undefined;
  readonly tls: TestTls;
  readonly sshd: Sshd | undefined;
  /** For whatever a path needs to write. */
  readonly folder: string;
}

const words = (keep: boolean) => (keep ? ['--keep'] : []);

/** Starts a far end of `bench/far`, which joins the children. */
export async function startFar(
  name: string,
  children: ChildProcess[],
  parameters: readonly string[],
): Promise<Far> {
  const child = fork(new URL(`far/${name}.ts`, import.meta.url), [...parameters]);
  children.push(child);
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return {
    port,
    async arrived() {
      child.send('report');
      const [arrived] = (await once(child, 'message')) as [Arrived];
      return arrived;
    },
  };
}

/** Without its parent a far end has nothing that holds it. One that broke down is gone already. */
export async function stopFar(child: ChildProcess): Promise<void> {
  if (child.connected) child.disconnect();
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

/** The id by which the source offers a file. */
export const exportId = ({ rows }: { readonly rows: number }, zipped = false): string =>
  `00000000-0000-4000-800${zipped ? 1 : 0}-${String(rows).padStart(12, '0')}`;

function exportsOf(data: readonly Data[], zipped: Data | undefined): Export[] {
  const one = ({ rows, csv }: Data, isZipped: boolean): Export => ({
    id: exportId({ rows }, isZipped),
    name: 'Orders',
    rows,
    columns: mixedColumns.length,
    schema: { columns: mixedColumns },
    updatedAt: '2026-01-01T00:00:00Z',
    file: isZipped ? `${csv}.gz` : csv,
    zipped: isZipped,
  });
  return [...data.map((each) => one(each, false)), ...(zipped ? [one(zipped, true)] : [])];
}

/** Lends the far ends; with `keep` they compare the bytes themselves. The source offers `data`, and `zipped` as gzip beside its file. */
export async function withRig(
  {
    data,
    zipped,
    folder,
    keep,
  }: { data: readonly Data[]; zipped: Data | undefined; folder: string; keep: boolean },
  use: (rig: Rig) => Promise<void>,
): Promise<void> {
  const children: ChildProcess[] = [];
  const tls = await makeTls();
  const sshd = await startSshd();
  try {
    const relay = sshd && (await startFar('delay-relay', children, [String(sshd.port), '20']));
    await use({
      mongo: await startFar('mongo-sink', children, words(keep)),
      http: await startFar('http-sink', children, words(keep)),
      https: await startFar('http-sink', children, [tls.certFile, tls.keyFile, ...words(keep)]),
      source: await startFar('http-source', children, [JSON.stringify(exportsOf(data, zipped))]),
      farSshPort: relay?.port,
      tls,
      sshd,
      folder,
    });
  } finally {
    await Promise.all(children.map(stopFar));
    await Promise.all([sshd?.stop(), tls.stop()]);
  }
}

/** What lies in a folder, which is emptied. */
export async function takeFiles(folder: string, keep: boolean): Promise<Arrived> {
  const arrived = { pieces: 0, bytes: 0, documents: 0, crc32: 0 };
  for (const name of await readdir(folder)) {
    const file = join(folder, name);
    arrived.pieces += 1;
    arrived.bytes += (await stat(file)).size;
    if (keep) arrived.crc32 = crc32(await readFile(file), arrived.crc32);
    await rm(file);
  }
  return arrived;
}

/** Writes a small file of a path and returns its name. */
export async function writeSmall(rig: Rig, name: string, value: object): Promise<string> {
  const file = join(rig.folder, name);
  await writeFile(file, JSON.stringify(value));
  return file;
}
