import type { Client } from '../../contract/client.ts';
import { type Change } from '../../contract/changes.ts';

/** Ids by name, of what was there and of what earlier steps made. */
export interface Ids {
  /** By `connector/name`. */
  readonly accounts: Map<string, string>;
  readonly datasets: Map<string, string>;
  /** Of alerts; `default` stands for itself. */
  readonly channels: ReadonlyMap<string, string>;
}

/** One thing that is to be done at the server, and does nothing before it is told to. */
export interface Step {
  readonly action: 'create' | 'change' | 'delete';
  readonly kind: 'account' | 'dataset' | 'writeback';
  readonly name: string;
  /** What will be different, for the person; never a secret's value. */
  readonly changes: readonly Change[];
  act(client: Client, ids: Ids): Promise<void>;
}

/** Accounts of different connectors may have the same name. */
export const accountKey = (connector: string, name: string): string => `${connector}/${name}`;
