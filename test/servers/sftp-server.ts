import { createServer, connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** An SFTP server that a suite can run against. */
export interface SftpServer {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password?: string | undefined;
  readonly privateKey?: string | undefined;
  readonly hostKeyFingerprint: string;
  /** The folder to write into, as the server knows it; empty for the home folder. */
  readonly path: string;
  stop(): Promise<void>;
}

/** A port of 127.0.0.1 that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', () => done()));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((done) => server.close(() => done()));
  return port;
}

function answers(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('error', () => done(false));
    socket.on('close', () => done(false));
    socket.on('data', () => {
      done(true);
      socket.destroy();
    });
  });
}

/** Waits until an SSH server greets at a port; throws with `explain()` when it does not within ten seconds. */
export async function waitForGreeting(port: number, explain: () => string): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (await answers(port)) return;
    await pause(50);
  }
  throw new Error(`the SSH server did not start: ${explain()}`);
}

/** Says loudly that a real server is missing; in CI that is a failure. */
export function missing(name: string, install: string): undefined {
  console.error(`MISSING real server: ${name} (install it with ${install})`);
  if (process.env['CI']) throw new Error(`${name} must be there in CI`);
  return undefined;
}

/** The server that `SFTP_TEST_URL` names: `sftp://user:password@host:port/path?hostKey=SHA256:…`. */
export function serverFromUrl(): SftpServer | undefined {
  const text = process.env['SFTP_TEST_URL'];
  if (!text) return undefined;
  const url = new URL(text);
  return {
    name: 'SFTP_TEST_URL',
    host: url.hostname,
    port: Number(url.port) || 22,
    username: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    hostKeyFingerprint: (url.searchParams.get('hostKey') ?? '').replaceAll(' ', '+'),
    path: decodeURIComponent(url.pathname),
    async stop() {},
  };
}
