import type { Socket } from 'node:net';
import type { Client, SFTPWrapper } from 'ssh2';
import { createSealer, largestData } from './seal-packets.ts';
import { type Ssh2Channel, type Ssh2Protocol, channelOf, keepKeys, protocolOf } from './ssh2-internals.ts';

/** Writes of one SFTP channel past ssh2's own, which copies each byte three times and makes five system calls a packet. */
export interface DirectWrites {
  /** `frame` is `frameHead(handle)` bytes of room and then the data; it must not change until `done` is called. */
  write(handle: Buffer, frame: Buffer, position: number, done: (error?: Error | null) => void): void;
  /** Forgets the writes that wait for room in the channel. */
  forget(): void;
}

/** Makes them for each SFTP channel of one connection; undefined for a channel that is too narrow. */
export type DirectMaker = (sftp: SFTPWrapper) => DirectWrites | undefined;

/** Bytes before the data of a write: length, type, id, handle, position, length of the data (draft-ietf-secsh-filexfer-02, 6.4). */
export const frameHead = (handle: Buffer): number => 25 + handle.length;

const writeRequest = 6;
const largestId = 2 ** 32;

function writeFrameHead(frame: Buffer, handle: Buffer, id: number, position: number): void {
  frame.writeUInt32BE(frame.length - 4, 0);
  frame[4] = writeRequest;
  frame.writeUInt32BE(id, 5);
  frame.writeUInt32BE(handle.length, 9);
  frame.set(handle, 13);
  const at = 13 + handle.length;
  frame.writeUInt32BE(Math.floor(position / 2 ** 32), at);
  frame.writeUInt32BE(position % 2 ** 32, at + 4);
  frame.writeUInt32BE(frame.length - frameHead(handle), at + 8);
}

/**
 * A frame is sent whole or waits. Servers widen a channel again when half of it is used at the latest, so one of a megabyte
 * always gets room for a frame; narrower ones are left to ssh2, which can send a part.
 */
const narrowest = 1_000_000;

function createDirectWrites(protocol: Ssh2Protocol, sftp: Ssh2Channel, socket: Socket) {
  const seal = createSealer(protocol, (bytes, written) => {
    if (socket.writable) socket.write(bytes, written);
  });
  const { outgoing } = sftp;
  const packetSize = Math.min(outgoing.packetSize, largestData);
  let waiting: Buffer[] = [];
  // One byte stays free, and what ssh2 has begun to send it must end first: a frame never falls into another.
  const mayGo = (frame: Buffer) =>
    protocol._kexinit === undefined &&
    outgoing.state === 'open' &&
    sftp._buffer.length === 0 &&
    outgoing.window > frame.length;
  const send = (frame: Buffer) => {
    outgoing.window -= frame.length;
    seal(outgoing.id, frame, packetSize);
  };
  const resume = () => {
    socket.cork();
    for (let frame = waiting[0]; frame && mayGo(frame); [frame] = waiting) {
      waiting.shift();
      send(frame);
    }
    socket.uncork();
  };
  const writes: DirectWrites = {
    write(handle, frame, position, done) {
      const id = (sftp._writeReqid + 1) % largestId;
      sftp._writeReqid = id;
      sftp._requests[id] = { cb: done };
      writeFrameHead(frame, handle, id, position);
      waiting.push(frame);
      resume();
    },
    forget: () => void (waiting = []),
  };
  return { writes, resume };
}

/**
 * Prepares a signed-in connection for direct writes. Undefined when ssh2 is not exactly the version that is known,
 * or fails the test of itself: then its public functions do the work.
 */
export function directWritesOver(client: Client, socket: Socket): DirectMaker | undefined {
  const protocol = protocolOf(client);
  if (!protocol) return undefined;
  const resumes: (() => void)[] = [];
  const resumeAll = () => {
    for (const resume of resumes) resume();
  };
  keepKeys(protocol);
  // After every new key exchange: the ciphers are new, and what waited may go on.
  client.on('handshake', () => {
    keepKeys(protocol);
    resumeAll();
  });
  const widened = protocol._handlers['CHANNEL_WINDOW_ADJUST'];
  protocol._handlers['CHANNEL_WINDOW_ADJUST'] = (...values) => {
    widened?.(...values);
    resumeAll();
  };
  return (sftp) => {
    const channel = channelOf(sftp);
    if (channel.outgoing.window < narrowest) return undefined;
    const { writes, resume } = createDirectWrites(protocol, channel, socket);
    resumes.push(resume);
    return writes;
  };
}
