import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Connector, FileConnector, OutgoingFile } from '../../src/connector/contract.ts';
import { sftpConnector } from '../../src/destination/sftp/sftp.ts';
import { createEgress } from '../../src/egress/egress.ts';
import { UserError } from '../../src/errors.ts';
import { checkValues } from '../../src/field/check.ts';
import { createLog } from '../../src/log.ts';
import { type SftpStandInOptions, startSftp } from './sftp-stand-in.ts';

/** One try of a connector; details beyond a file `in/a.csv` and a body of a megabyte are optional. */
export interface SftpTrial {
  connector?: Connector;
  credentials: Record<string, unknown>;
  details?: Record<string, unknown>;
  body?: AsyncIterable<Uint8Array>;
  signal?: AbortSignal;
}

/** Checked values and what else a connector is given. */
export function workOf({
  connector = sftpConnector,
  credentials,
  details = {},
  signal = new AbortController().signal,
}: SftpTrial) {
  return {
    credentials: checkValues(connector.credentials, credentials, 'credentials') as never,
    details: checkValues(
      connector.details,
      { path: 'in', selectFilename: 'fileName', filename: 'a', ...details },
      'details',
    ) as never,
    signal,
    egress: createEgress(),
    log: createLog(() => {}),
  };
}

/** So many bytes, in blocks that fit nothing; a block is valid until the next is pulled. */
export async function* bytesOf(size: number): AsyncGenerator<Uint8Array> {
  const block = Buffer.alloc(100_003, 'ü,"x"\n');
  const lent = Buffer.alloc(block.length);
  for (let at = 0; at < size; at += block.length) {
    block.copy(lent);
    yield lent.subarray(0, Math.min(block.length, size - at));
    lent.fill(0);
  }
}

/** Writes one file; returns the warnings and what was published. */
export async function writeTrial(trial: SftpTrial, path = 'in/a.csv') {
  const warnings: string[] = [];
  const body = trial.body ?? bytesOf(1_000_000);
  const file: OutgoingFile = {
    path,
    contentType: 'text/csv',
    body,
    facts: () => ({ rows: 0, bytes: 0, crc32: '' }),
  };
  const dataset = { id: 'd', name: 'D', columns: [] };
  const run = { id: 'r', number: 1, startedAt: new Date(0) };
  const writeback = { id: 'w', name: 'W', timeZone: 'UTC' };
  const files = (async function* () {
    yield file;
  })();
  const job = {
    ...workOf(trial),
    dataset,
    run,
    writeback,
    files,
    warn: (text: string) => void warnings.push(text),
  };
  const published = await ((trial.connector ?? sftpConnector) as FileConnector).write(job);
  return { warnings, published };
}

/** A stand-in for the length of a test. */
export async function standInTrial(context: TestContext, options: SftpStandInOptions = {}) {
  const server = await startSftp(options);
  context.after(() => server.stop());
  const { port, username, password, hostKeyFingerprint: hostKey } = server;
  const credentials = { hostname: `sftp://127.0.0.1/`, port, username, password, hostKey };
  const names = () =>
    existsSync(join(server.directory, 'in')) ? readdirSync(join(server.directory, 'in')) : [];
  const content = () => readFileSync(join(server.directory, 'in/a.csv'));
  return { server, credentials, names, content };
}

/** The bytes of `bytesOf`, in one piece. */
export async function expectedBytes(size: number) {
  const parts: Uint8Array[] = [];
  for await (const part of bytesOf(size)) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}

/** Checks an error to be a UserError of this code. */
export const userError = (code: string) => (error: unknown) => {
  assert.ok(error instanceof UserError, String(error));
  assert.equal(error.code, code, error.message);
  return true;
};
