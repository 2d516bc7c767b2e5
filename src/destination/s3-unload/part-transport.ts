import type { Finished } from './complete-upload.ts';
import type { Part } from './gather-parts.ts';
import type { OpenStore } from './store.ts';

/** One part that is to be sent, with the CRC-32 that its upload declared, if it did. */
export interface Outgoing {
  readonly upload: Finished;
  readonly part: Part;
  readonly crc32: string | undefined;
  readonly signal: AbortSignal;
}

/** Sends one part and gives the ETag that it was acknowledged with; throws the SDK's errors. */
export type SendPart = (outgoing: Outgoing) => Promise<string | undefined>;

/** Moves parts into one store. */
export interface PartMover {
  readonly sendPart: SendPart;
  /** Makes memory of so many bytes, in which parts are gathered. */
  readonly partMemory: (size: number) => Buffer;
}

/** A way of moving parts into a store. `close` ends what it holds besides the store's connections. */
export type PartTransport = (store: OpenStore) => PartMover & { close(): void };
