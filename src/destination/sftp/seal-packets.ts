import { createCipheriv, randomFillSync } from 'node:crypto';
import type { OutgoingCipher, Ssh2Protocol } from './ssh2-internals.ts';

/** Sends channel data (RFC 4254, 5.2): the far side's number of the channel, and packets of at most so many bytes, `largestData` at most. */
export type Seal = (channel: number, data: Buffer, packetSize: number) => void;

/** Writes to the socket; `written` is called once the bytes are no longer needed. */
export type Write = (bytes: Uint8Array, written?: (error?: Error | null) => void) => void;

/** What OpenSSH takes in one packet; RFC 4253, 6.1 lets every server take it. */
export const largestData = 32_768;

const channelData = 94;
const block = 16;
/** Type, channel, length of the data. */
const headLength = 9;

function writeHead(packet: Buffer, at: number, channel: number, length: number): void {
  packet[at] = channelData;
  packet.writeUInt32BE(channel, at + 1);
  packet.writeUInt32BE(length, at + 5);
}

/** The last 8 of the 12 bytes count packets (RFC 5647, 7.1). */
function count(iv: Buffer): void {
  for (let at = 11; at >= 4; at -= 1) {
    const next = ((iv[at] ?? 0) + 1) & 255;
    iv[at] = next;
    if (next !== 0) return;
  }
}

/** Bytes of padding: to whole blocks, without the length field, and at least 4 (RFC 4253, 6). */
function paddingFor(length: number): number {
  const padding = block - (length % block);
  return padding < 4 ? padding + block : padding;
}

/** Frees the memory at once. Left to the garbage collector, 32 KB a packet cost as much as encrypting them, measured. */
function release({ buffer }: Buffer): void {
  if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}

type GcmCipher = OutgoingCipher & Required<Pick<OutgoingCipher, '_encKey' | '_encIV' | '_encSSLName'>>;

const isGcm = (cipher: OutgoingCipher): cipher is GcmCipher =>
  cipher._encSSLName !== undefined && cipher._encIV !== undefined && cipher._encKey !== undefined;

/** Bytes of a packet around its data, at most: length, length of the padding, head, padding, tag. */
const overhead = 4 + 1 + headLength + 2 * block + block;

/**
 * Makes packets of AES-GCM in one small buffer that stays in the processor's cache; OpenSSL's answer is a new one each time.
 * The padding is random once: encrypted and authenticated, it need not change.
 */
function createGcmPackets() {
  const packet = randomFillSync(Buffer.allocUnsafeSlow(overhead + largestData));
  const length = packet.subarray(0, 4);
  /** Seals one packet into `out` and returns where it ends. */
  return (cipher: GcmCipher, channel: number, data: Buffer, out: Buffer, at: number): number => {
    const payload = 1 + headLength + data.length;
    const padding = paddingFor(payload);
    const end = 4 + payload + padding;
    length.writeUInt32BE(end - 4);
    packet[4] = padding;
    writeHead(packet, 5, channel, data.length);
    packet.set(data, 5 + headLength);
    const sealing = createCipheriv(cipher._encSSLName, cipher._encKey, cipher._encIV).setAAD(length);
    const sealed = sealing.update(packet.subarray(4, end));
    sealing.final();
    out.set(length, at);
    out.set(sealed, at + 4);
    out.set(sealing.getAuthTag(), at + end);
    release(sealed);
    count(cipher._encIV);
    cipher.outSeqno = (cipher.outSeqno + 1) >>> 0;
    return at + end + block;
  };
}

/**
 * All packets of the data go to the socket as one piece of memory, which is then used again. As three pieces each, which is
 * how ssh2 writes them, sealing and sending them took half as much processor time again, measured.
 */
function createGcmSealer(write: Write) {
  const sealPacket = createGcmPackets();
  const spare: Buffer[] = [];
  return (cipher: GcmCipher, channel: number, data: Buffer, packetSize: number) => {
    const needed = data.length + Math.ceil(data.length / packetSize) * overhead;
    const last = spare.pop();
    const out = last && last.length >= needed ? last : Buffer.allocUnsafeSlow(needed);
    let end = 0;
    for (let at = 0; at < data.length; at += packetSize) {
      end = sealPacket(cipher, channel, data.subarray(at, at + packetSize), out, end);
    }
    write(out.subarray(0, end), (error) => {
      if (!error) spare.push(out);
    });
  };
}

/** Seals by whatever cipher the connection has now: AES-GCM here, the others (and ssh2's addon, where it is built) by ssh2. */
export function createSealer(protocol: Pick<Ssh2Protocol, '_cipher'>, write: Write): Seal {
  const sealGcm = createGcmSealer(write);
  return (channel, data, packetSize) => {
    const { _cipher: cipher } = protocol;
    if (isGcm(cipher)) return sealGcm(cipher, channel, data, packetSize);
    for (let at = 0; at < data.length; at += packetSize) {
      const piece = data.subarray(at, at + packetSize);
      const packet = cipher.allocPacket(headLength + piece.length);
      writeHead(packet, 5, channel, piece.length);
      packet.set(piece, 5 + headLength);
      cipher.encrypt(packet);
    }
  };
}
