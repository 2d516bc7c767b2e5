import type { Connector } from './contract.ts';

/** A row as a reader of the destination sees it: canonical text of each cell, in the order of the DataSet's columns. */
export type StoredRow = readonly (string | null)[];

/** A destination under test, with an empty place of its own to write into. */
export interface ConformanceTarget {
  readonly connector: Connector;
  /** Good values, unchecked as a person would type them; defaults need not be there. */
  readonly credentials: Record<string, unknown>;
  readonly details: Record<string, unknown>;
  /** Where the far server listens. */
  readonly endpoint: { readonly host: string; readonly port: number };
  /** The credentials rewritten so that they reach the same server through another address (a fault proxy, a dead port). */
  via(host: string, port: number): Record<string, unknown>;
  /** Credentials that the server must refuse; absent when the system has none (folder). */
  readonly refused?: Record<string, unknown>;
  /** All secrets in the credentials; none may turn up in a log line, an error or a receipt. */
  readonly secrets: readonly string[];
  /** All rows that a reader of the destination finds now; undefined while nothing is published. */
  stored(): Promise<readonly StoredRow[] | undefined>;
  /** Names of temporary things that lie there now (staging, partial uploads); empty after every run, good or failed. */
  leftovers(): Promise<readonly string[]>;
  close(): Promise<void>;
}
