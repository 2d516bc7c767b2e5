import { Socket } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import type { Block, PipeWork } from './pipe-thread.ts';

// The other thread of `pipe-thread.ts`: one block after another through one end of a pipe. The socket waits in the event loop: a
// thread that waits within a system call cannot be ended, nor can the thread of the run that has begun it.
const port = parentPort!;
const { fd, way } = workerData as PipeWork;

const pass = (block: Block): void => port.postMessage(block, [block.bytes.buffer]);

/** All that a pipe holds. */
const pipeBytes = 64 * 1024;

/** Fills the blocks that it is given; the last one is not full. */
function fillBlocks(): void {
  const free: Block[] = [];
  const piece = Buffer.allocUnsafeSlow(pipeBytes);
  let rest = piece.subarray(0, 0);
  let isEnded = false;
  const take = (): void => {
    while (rest.length > 0 && free[0]) {
      const { bytes, filled } = free[0];
      const part = rest.subarray(0, bytes.length - filled);
      bytes.set(part, filled);
      rest = rest.subarray(part.length);
      free[0] = { bytes, filled: filled + part.length };
      if (free[0].filled === bytes.length) pass(free.shift()!);
    }
    if (isEnded && rest.length === 0 && free[0]) pass(free.shift()!);
  };
  const callback = (count: number): boolean => {
    rest = piece.subarray(0, count);
    take();
    return rest.length === 0;
  };
  const socket = new Socket({ fd, readable: true, writable: false, onread: { buffer: piece, callback } });
  socket.once('end', () => {
    isEnded = true;
    take();
  });
  port.on('message', (block: Block | undefined) => {
    if (block === undefined) return end(socket);
    free.push(block);
    take();
    if (rest.length === 0) socket.resume();
  });
}

/** Writes the blocks that it is given, one after another. */
function emptyBlocks(): void {
  const socket = new Socket({ fd, readable: false, writable: true });
  port.on('message', (block: Block | undefined) => {
    if (block === undefined) socket.end(() => end(socket));
    else socket.write(block.bytes.subarray(0, block.filled), (error) => error ?? pass(block));
  });
}

function end(socket: Socket): void {
  socket.destroy();
  port.close();
}

if (way === 'read') fillBlocks();
else emptyBlocks();
