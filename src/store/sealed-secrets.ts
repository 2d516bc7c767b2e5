import type { DefaultJson } from './database.ts';

/**
 * A secret as it is kept. Each is encrypted with a key of its own, and that key with the master key: so a new master key
 * touches 32 bytes of each secret, and no nonce is ever used twice with a key that matters. Only `account/seal.ts` makes and
 * opens it.
 */
export interface Sealed {
  readonly v: 1;
  /** The id of the master key. */
  readonly key: string;
  /** The secret's own key, sealed by the master key: nonce, ciphertext, tag; base64. */
  readonly wrapped: string;
  /** The secret, sealed by its own key: the same. */
  readonly text: string;
}

/** What belongs to an account or an alert channel, by field id. Never sent to anybody. */
export type SealedSecrets = Readonly<Record<string, Sealed>>;

export type SealedColumn = DefaultJson<SealedSecrets>;
