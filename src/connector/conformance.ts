import { describe, test } from 'node:test';
import type { Column } from '../dataset/dataset.ts';
import type { Register } from './conformance/assertions.ts';
import { breakTests } from './conformance/break-tests.ts';
import { connectionTests } from './conformance/connection-tests.ts';
import { networkTests } from './conformance/network-tests.ts';
import { rowTests } from './conformance/row-tests.ts';
import type { StoredRow } from './conformance/rows.ts';
import { type TrialOptions, createTrial } from './conformance/trial.ts';
import type { Connector } from './contract.ts';
import type { Delivered } from './deliver.ts';

export type { StoredRow } from './conformance/rows.ts';

/** A destination under test, with an empty place of its own to write into. */
export interface ConformanceTarget {
  readonly connector: Connector;
  /** Good values, unchecked as a person would type them; defaults need not be there. */
  readonly credentials: Record<string, unknown>;
  readonly details: Record<string, unknown>;
  /** Where the far server listens; port 0 when there is none in between (folder). */
  readonly endpoint: { readonly host: string; readonly port: number };
  /** The credentials rewritten so that they reach the same server through another address (a fault proxy, a dead port). */
  via(host: string, port: number): Record<string, unknown>;
  /** Credentials that the server must refuse; absent when the system has none (folder). */
  readonly refused?: Record<string, unknown>;
  /** True when the rows of a new run come on top of the earlier ones instead of replacing them. */
  readonly accumulates?: boolean;
  /** All secrets in the credentials; none may turn up in a log line, an error or a receipt. */
  readonly secrets: readonly string[];
  /** All rows that a reader of the destination finds now; undefined while nothing is published. */
  stored(): Promise<readonly StoredRow[] | undefined>;
  /** Names of temporary things that lie there now (staging, partial uploads); empty after every run, good or failed. */
  leftovers(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/**
 * Registers the tests that every connector must pass, once for the target that `open` makes; each test opens one of its own.
 * Call it in a test file of node:test.
 */
export function conformance(name: string, open: () => Promise<ConformanceTarget>): void {
  const on: Register = (title, work) =>
    void test(title, { timeout: 120_000 }, async (context) => {
      const trial = createTrial(await open(), (reason) => context.skip(reason));
      try {
        await work(trial);
        trial.assertNoSecrets();
      } finally {
        await trial.target.close();
      }
    });
  describe(`${name}: rows`, () => {
    rowTests(on);
  });
  describe(`${name}: breaks`, () => {
    breakTests(on);
  });
  describe(`${name}: network`, () => {
    networkTests(on);
  });
  describe(`${name}: connection test`, () => {
    connectionTests(on);
  });
}

/** Delivers rows into a target, as one run. Throws what the connector throws. */
export function deliverRows(
  target: ConformanceTarget,
  columns: readonly Column[],
  rows: readonly StoredRow[],
  options: TrialOptions = {},
): Promise<Delivered> {
  return createTrial(target).deliver(columns, rows, options);
}
