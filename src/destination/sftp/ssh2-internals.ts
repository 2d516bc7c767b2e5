import { type KeyObject, createSecretKey } from 'node:crypto';
import { createRequire } from 'node:module';
import type { Client, SFTPWrapper } from 'ssh2';
import { createSealer } from './seal-packets.ts';

/** The only version whose inside is touched; any other is used by its public functions alone. */
const knownVersion = '1.17.0';

/** ssh2's cipher of outgoing packets. The key and its fellows are there for AES-GCM in JavaScript only. */
export interface OutgoingCipher {
  outSeqno: number;
  allocPacket(payloadLength: number): Buffer;
  /** Takes a packet of `allocPacket` and writes it to the socket. */
  encrypt(packet: Buffer): void;
  readonly _encSSLName?: 'aes-128-gcm' | 'aes-256-gcm';
  _encKey?: Buffer | KeyObject;
  readonly _encIV?: Buffer;
}

interface IncomingCipher {
  _decipherKey?: Buffer | KeyObject;
  decrypt(data: Buffer, from: number, to: number): unknown;
}

/** ssh2's connection: the ciphers change at every key exchange, while which `_kexinit` is set and no data may be sent. */
export interface Ssh2Protocol {
  readonly _cipher: OutgoingCipher;
  readonly _decipher: IncomingCipher;
  readonly _kexinit: unknown;
  readonly _handlers: Record<string, (...values: unknown[]) => void>;
  readonly _packetRW: { readonly write: object };
  /** The first line that the server sent. */
  readonly _remoteIdentRaw: Buffer;
  session(channel: number, window: number, packetSize: number): void;
  subsystem(channel: number, name: string, wantReply: boolean): void;
}

/** ssh2's connection before anybody has signed in. */
export interface Ssh2Entry {
  readonly _handlers: Record<string, (...values: unknown[]) => void>;
  /** Without `sign` the server is only asked whether the key would be taken. */
  authPK(
    username: string,
    key: unknown,
    algorithm?: string,
    sign?: (data: Buffer, done: (signature: Buffer) => void) => void,
  ): void;
}

/** ssh2's SFTP client: a channel with the requests that wait for their answers. */
export interface Ssh2Channel {
  _writeReqid: number;
  readonly _requests: Record<number, { cb: (error?: Error) => void }>;
  /** Requests that ssh2 could not send whole yet; while there are any, nothing else may be sent on the channel. */
  readonly _buffer: readonly Buffer[];
  /** Of the channel's requests, oldest first; true tells of a refusal. */
  readonly _callbacks: ((refused?: Error | boolean) => void)[];
  /** Says which version of SFTP is spoken. */
  _init(): void;
  readonly outgoing: {
    readonly id: number;
    window: number;
    readonly packetSize: number;
    readonly state: string;
  };
}

/** Keeps keys as KeyObjects: a raw key is parsed anew for each packet, and in Node 24 that costs more than encrypting it. */
export function keepKeys({ _cipher, _decipher }: Ssh2Protocol): void {
  if (Buffer.isBuffer(_cipher._encKey)) _cipher._encKey = createSecretKey(_cipher._encKey);
  if (Buffer.isBuffer(_decipher._decipherKey))
    _decipher._decipherKey = createSecretKey(_decipher._decipherKey);
}

interface Ssh2Crypto {
  readonly CIPHER_INFO: Record<string, object>;
  readonly createCipher: (config: object) => OutgoingCipher;
  readonly createDecipher: (config: object) => IncomingCipher;
}

/** Seals packets with a key of our own and has ssh2 open them. */
function sealsAsSsh2({ CIPHER_INFO, createCipher, createDecipher }: Ssh2Crypto, bits: 128 | 256): boolean {
  const info = CIPHER_INFO[`aes${bits}-gcm@openssh.com`];
  const [key, iv] = [Buffer.alloc(bits / 8, 7), Buffer.alloc(12, 255)];
  const sent: Buffer[] = [];
  const opened: Buffer[] = [];
  const onWrite = (bytes: Uint8Array, written?: () => void) => {
    sent.push(Buffer.from(bytes));
    written?.();
  };
  const outbound = { onWrite, seqno: 0, cipherInfo: info, cipherKey: key, cipherIV: Buffer.from(iv) };
  const cipher = createCipher({ outbound: { ...outbound, forceNative: true } });
  const seal = createSealer({ _cipher: cipher }, onWrite);
  const pieces = ['a', 'twenty bytes of text', 'twenty more, and now', 'the rest'];
  const [first = '', ...others] = pieces;
  for (const text of [first, others.join('')]) seal(5, Buffer.from(text), 20);
  const onPayload = (payload: Buffer) => void opened.push(Buffer.from(payload));
  const inbound = { onPayload, seqno: 0, decipherInfo: info, decipherKey: key, decipherIV: Buffer.from(iv) };
  const all = Buffer.concat(sent);
  createDecipher({ inbound: { ...inbound, forceNative: true } }).decrypt(all, 0, all.length);
  const texts = opened.map((payload) => payload.toString('latin1'));
  const expected = pieces.map((text) => `\x5e\0\0\0\x05\0\0\0${String.fromCharCode(text.length)}${text}`);
  return cipher.outSeqno === pieces.length && texts.join('|') === expected.join('|');
}

let tested: boolean | undefined;

/** True when this is the version that is known, and packets sealed here are opened by it. Tried once per process. */
function isKnown(): boolean {
  try {
    const require = createRequire(import.meta.url);
    const { version } = require('ssh2/package.json') as { version: string };
    if (version !== knownVersion) return false;
    const crypto = require('ssh2/lib/protocol/crypto.js') as Ssh2Crypto;
    return sealsAsSsh2(crypto, 128) && sealsAsSsh2(crypto, 256);
  } catch {
    return false;
  }
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** ssh2's inside of a connection that has just begun; undefined when it is not exactly the one that is known. */
export function entryOf(client: Client): Ssh2Entry | undefined {
  tested ??= isKnown();
  const { _protocol: protocol } = client as unknown as { _protocol?: Ssh2Entry };
  return tested && typeof protocol?.authPK === 'function' ? protocol : undefined;
}

/** ssh2's inside of a signed-in connection; undefined when it is not exactly the one that is known, or packets are compressed. */
export function protocolOf(client: Client): Ssh2Protocol | undefined {
  tested ??= isKnown();
  const { _protocol: protocol } = client as unknown as { _protocol?: Ssh2Protocol };
  if (!tested || !isObject(protocol) || !isObject(protocol._cipher) || !isObject(protocol._decipher))
    return undefined;
  const plain = protocol._packetRW.write.constructor.name === 'PacketWriter';
  return plain && typeof protocol._handlers['CHANNEL_WINDOW_ADJUST'] === 'function' ? protocol : undefined;
}

/** Channels by number; one that is being opened is a function to be called with what becomes of it. */
interface Ssh2Channels {
  add(
    opening: ((error: Error | undefined, sftp: Ssh2Channel & SFTPWrapper) => void) & {
      readonly type: 'sftp';
    },
  ): number;
}

/** The channels of a connection that is known. */
export function channelsOf(client: Client): Ssh2Channels {
  return (client as unknown as { readonly _chanMgr: Ssh2Channels })._chanMgr;
}

/** ssh2's inside of an SFTP client whose connection is known. */
export function channelOf(sftp: SFTPWrapper): Ssh2Channel {
  return sftp as unknown as Ssh2Channel;
}
