import { createCipheriv, randomFillSync } from 'node:crypto';
import type { OutgoingCipher, Ssh2Protocol } from './ssh2-internals.ts';

/** Sends one packet of channel data (RFC 4254, 5.2): the far side's number of the channel, and at most `largestData` bytes. */
export type Seal = (channel: number, data: Buffer) => void;

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

/**
 * Packets of AES-GCM from one small buffer that stays in the processor's cache: OpenSSL's answer is a new one anyway.
 * ssh2 makes two of 32 KB a packet. The padding is random once: encrypted and authenticated, it need not change.
 */
function createGcmSealer(write: Write) {
  const packet = randomFillSync(Buffer.allocUnsafeSlow(4 + 1 + headLength + largestData + 2 * block));
  let length = Buffer.alloc(4);
  return (cipher: GcmCipher, channel: number, data: Buffer) => {
    const payload = 1 + headLength + data.length;
    const padding = paddingFor(payload);
    const end = 4 + payload + padding;
    // The socket may keep the bytes for a while, so another length gets bytes of its own.
    if (length.readUInt32BE(0) !== end - 4) (length = Buffer.alloc(4)).writeUInt32BE(end - 4, 0);
    packet[4] = padding;
    writeHead(packet, 5, channel, data.length);
    packet.set(data, 5 + headLength);
    const sealing = createCipheriv(cipher._encSSLName, cipher._encKey, cipher._encIV).setAAD(length);
    write(length);
    const sealed = sealing.update(packet.subarray(4, end));
    write(sealed, (error) => {
      if (!error) release(sealed);
    });
    sealing.final();
    write(sealing.getAuthTag());
    count(cipher._encIV);
    cipher.outSeqno = (cipher.outSeqno + 1) >>> 0;
  };
}

/** Seals by whatever cipher the connection has now: AES-GCM here, the others (and ssh2's addon, where it is built) by ssh2. */
export function createSealer(protocol: Pick<Ssh2Protocol, '_cipher'>, write: Write): Seal {
  const sealGcm = createGcmSealer(write);
  return (channel, data) => {
    const { _cipher: cipher } = protocol;
    if (isGcm(cipher)) return sealGcm(cipher, channel, data);
    const packet = cipher.allocPacket(headLength + data.length);
    writeHead(packet, 5, channel, data.length);
    packet.set(data, 5 + headLength);
    cipher.encrypt(packet);
  };
}
