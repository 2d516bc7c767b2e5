import { readSync, writeSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import type { Block, PipeWork } from './pipe-thread.ts';

// The other thread of `pipe-thread.ts`: one block after another through one end of a pipe, waiting within the system call.
const { fd, way } = workerData as PipeWork;

/** Until the block is full or the pipe has ended. */
function fill({ bytes }: Block): number {
  let filled = 0;
  for (let count = -1; count !== 0 && filled < bytes.length; filled += count) {
    count = readSync(fd, bytes, filled, bytes.length - filled, null);
  }
  return filled;
}

function empty({ bytes, filled }: Block): void {
  for (let written = 0; written < filled;) written += writeSync(fd, bytes, written, filled - written);
}

function pass(block: Block): Block {
  if (way === 'read') return { bytes: block.bytes, filled: fill(block) };
  empty(block);
  return block;
}

parentPort?.on('message', (block: Block | undefined) => {
  if (block === undefined) return parentPort?.close();
  const passed = pass(block);
  parentPort?.postMessage(passed, [passed.bytes.buffer]);
});
