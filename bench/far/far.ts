// A far end is a process of its own: its memory and processor time are not ours. It says where it listens, and counts.
import { once } from 'node:events';
import { type AddressInfo, type Server, Socket } from 'node:net';

/** What came to a far end since it was asked before. */
export interface Arrived {
  /** Whole objects, files or insert commands. */
  readonly pieces: number;
  /** Without framing: what a reader would find there. */
  readonly bytes: number;
  /** Documents of insert commands. */
  readonly documents: number;
  /** Of the bytes, in `--keep` mode; for documents the sum of their CRC-32s, whatever their order and `_id`. */
  readonly crc32: number;
}

/** True when the bytes themselves shall be compared, not only counted. */
export const keeps = process.argv.includes('--keep');

/** The password, secret key and token of every far end. */
export const benchSecret = 'bench-secret-of-all';

const blockSize = 1 << 20;

/**
 * Reads an accepted socket into one block that is used again and again: twice as fast as 'data' events, so that the far end is
 * not what is measured. Node has `onread` for client sockets only; a socket that was accepted paused gives its handle away.
 */
export function readInto(accepted: Socket, onBytes: (bytes: Buffer, socket: Socket) => void): Socket {
  const giver = accepted as unknown as { _handle: unknown };
  const handle = giver._handle;
  giver._handle = null;
  const onread = {
    buffer: Buffer.allocUnsafeSlow(blockSize),
    callback: (bytes: number, block: Uint8Array): boolean => {
      onBytes((block as Buffer).subarray(0, bytes), socket);
      return true;
    },
  };
  const options = { handle, onread, readable: true, writable: true };
  const socket = new Socket(options as unknown as ConstructorParameters<typeof Socket>[0]);
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  // Clients may keep their connections: only the channel to the parent holds the process.
  socket.unref();
  socket.resume();
  return socket;
}

/** Listens on a free port and tells the parent; answers every `report`. It ends when the parent lets go of it. */
export async function listen(server: Server, report: () => Arrived): Promise<void> {
  server.listen(0, '127.0.0.1').unref();
  await once(server, 'listening');
  process.send?.({ port: (server.address() as AddressInfo).port });
  process.on('message', () => process.send?.(report()));
}
