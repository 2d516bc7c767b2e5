import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Where the real server listens. */
export interface Upstream {
  readonly host: string;
  readonly port: number;
}

/** A TCP proxy on this machine that breaks on demand. Byte counts are over all its connections, from its start. */
export interface FaultProxy {
  readonly host: string;
  readonly port: number;
  /** Connections accepted so far. */
  readonly connections: number;
  /** Bytes passed on to the server, and back. */
  readonly bytesUp: number;
  readonly bytesDown: number;
  /** Lets exactly this many bytes through, then resets every connection, and each new one at once. */
  cutAfterUp(bytes: number): void;
  cutAfterDown(bytes: number): void;
  /** Delays every byte, both ways, by so many milliseconds. */
  latency(milliseconds: number): void;
  /** From now on, or once so many bytes went up, nothing passes; connections stay open and new ones are accepted. */
  stall(afterBytesUp?: number): void;
  /** The port is closed from now on. */
  refuse(): void;
  /** Resets every connection now, and each new one at once. */
  reset(): void;
  stop(): Promise<void>;
}

/** One direction: how much passed, and where it ends. */
interface Way {
  bytes: number;
  cutAt: number;
  stallAt: number;
}

interface Faults {
  readonly up: Way;
  readonly down: Way;
  latency: number;
  severed: boolean;
}

/** Bytes that may wait in the proxy on one way of a connection. */
const window = 256 * 1024;

const never = new Promise<never>(() => {});

async function pass(chunk: Buffer, to: Socket, way: Way, sever: () => void): Promise<void> {
  const end = Math.min(way.cutAt, way.stallAt) - way.bytes;
  const part = chunk.subarray(0, Math.max(0, end));
  way.bytes += part.length;
  if (to.destroyed) return;
  if (part.length > 0) await new Promise((done) => to.write(part, done));
  if (way.bytes >= way.stallAt) return never;
  if (way.bytes >= way.cutAt) sever();
}

/** Passes bytes on in order, each after the latency, and stops reading while too many wait. */
function forward(from: Socket, to: Socket, way: Way, faults: Faults, sever: () => void): void {
  let waiting = 0;
  let chain = Promise.resolve();
  const later = async (chunk: Buffer | undefined, due: number) => {
    const wait = due - performance.now();
    if (wait > 0) await sleep(wait);
    if (!chunk) {
      to.end();
      return;
    }
    await pass(chunk, to, way, sever);
    waiting -= chunk.length;
    if (waiting <= window) from.resume();
  };
  const queue = (chunk?: Buffer) => {
    const due = performance.now() + faults.latency;
    chain = chain.then(() => later(chunk, due));
  };
  from.on('data', (chunk: Buffer) => {
    waiting += chunk.length;
    if (waiting > window) from.pause();
    queue(chunk);
  });
  from.on('end', () => queue());
}

function createFaults(): Faults {
  const way = (): Way => ({ bytes: 0, cutAt: Infinity, stallAt: Infinity });
  return { up: way(), down: way(), latency: 0, severed: false };
}

/** A reset while the socket is being ended would leave it open for ever: Node 24 then never comes to the process's end. */
function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

/** The pairs of sockets that are open, and how they end. */
function createLinks(faults: Faults) {
  const open = new Set<Socket>();
  let count = 0;
  const sever = () => {
    faults.severed = true;
    for (const socket of open) reset(socket);
  };
  const keep = (socket: Socket, other: () => Socket) => {
    open.add(socket);
    // The reason of an end is the tester's own doing, or shows at the other side.
    socket.on('error', () => {});
    socket.on('close', () => {
      open.delete(socket);
      if (!other().destroyed) other().destroy();
    });
  };
  const accept = (client: Socket, upstream: Upstream) => {
    count += 1;
    client.on('error', () => {});
    if (faults.severed) {
      client.resetAndDestroy();
      return;
    }
    const server = connect({ ...upstream, noDelay: true, allowHalfOpen: true });
    keep(client, () => server);
    keep(server, () => client);
    forward(client, server, faults.up, faults, sever);
    forward(server, client, faults.down, faults, sever);
  };
  return { accept, sever, open, count: () => count };
}

/** Starts a fault proxy before a server, on a free port of 127.0.0.1. */
export async function startFaultProxy(upstream: Upstream): Promise<FaultProxy> {
  const faults = createFaults();
  const links = createLinks(faults);
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) =>
    links.accept(client, upstream),
  );
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const closed = new Promise<void>((done) => server.once('close', () => done()));
  const close = () => {
    if (server.listening) server.close();
    for (const socket of links.open) socket.destroy();
  };
  return {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    get connections() {
      return links.count();
    },
    get bytesUp() {
      return faults.up.bytes;
    },
    get bytesDown() {
      return faults.down.bytes;
    },
    cutAfterUp: (bytes) => void (faults.up.cutAt = bytes),
    cutAfterDown: (bytes) => void (faults.down.cutAt = bytes),
    latency: (milliseconds) => void (faults.latency = milliseconds),
    stall: (afterBytesUp = 0) => {
      faults.up.stallAt = afterBytesUp;
      if (afterBytesUp === 0) faults.down.stallAt = 0;
    },
    refuse: close,
    reset: links.sever,
    stop: async () => {
      close();
      await closed;
    },
  };
}
