import assert from 'node:assert/strict';
import type { Column, CsvBytes } from '../../dataset/dataset.ts';
import { createEgress } from '../../egress/egress.ts';
import { checkValues } from '../../field/check.ts';
import { createLog } from '../../log.ts';
import type { ConformanceTarget } from '../conformance.ts';
import { type StoredRow, csvOf, headerOf } from './rows.ts';
import type { TestStep } from '../contract.ts';
import { type Delivered, deliver } from '../deliver.ts';
import { lentBytes, withLentMemory } from './lent.ts';

/** What a delivery of a test may have of its own. */
export interface TrialOptions {
  readonly runId?: string;
  readonly runNumber?: number;
  /** Instead of, and on top of, the target's. */
  readonly credentials?: object;
  readonly details?: object;
  readonly signal?: AbortSignal;
  readonly verify?: (rows: number) => Promise<void>;
}

/** A target, and all that its connector said while it was tried. */
export interface Trial {
  readonly target: ConformanceTarget;
  deliver(columns: readonly Column[], rows: readonly StoredRow[], options?: TrialOptions): Promise<Delivered>;
  deliverBody(columns: readonly Column[], body: CsvBytes, options?: TrialOptions): Promise<Delivered>;
  testConnection(credentials?: object): Promise<TestStep[]>;
  assertNoSecrets(): void;
  skip(reason: string): void;
}

/** A replay has the same time too: it is the run's. */
const startedAt = new Date('2024-02-29T12:00:00Z');

function checked({ connector, credentials, details }: ConformanceTarget, options: TrialOptions) {
  return {
    credentials: checkValues(connector.credentials, options.credentials ?? credentials, 'credentials'),
    details: checkValues(connector.details, { ...details, ...options.details }, 'details'),
  };
}

/** Chunks of a size that cuts records, cells and characters anywhere, growing so that large bodies stay quick. */
async function* inChunks(
  columns: readonly Column[],
  rows: readonly StoredRow[],
): CsvBytes & AsyncGenerator<Uint8Array> {
  let size = 7;
  yield headerOf(columns);
  for (let index = 0; index < rows.length; index += 500) {
    const bytes = csvOf(rows.slice(index, index + 500));
    for (let at = 0; at < bytes.length; at += size, size = Math.min(size + 13, 65_536)) {
      yield Buffer.from(bytes.subarray(at, at + size));
    }
  }
}

/** Everything that a person or a log could get to see of an error. */
function sayings(error: unknown): string {
  const said: string[] = [];
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { message, stack, remedy, field, code } = cause as Error & Record<string, unknown>;
    said.push(JSON.stringify({ message, stack, remedy, field, code }));
  }
  return said.join('\n');
}

async function trialDelivery(
  target: ConformanceTarget,
  said: string[],
  columns: readonly Column[],
  body: CsvBytes,
  options: TrialOptions,
) {
  const { connector } = target;
  const values = checked(target, options);
  connector.check?.(values.credentials as never, values.details as never);
  const delivered = await deliver({
    connector: withLentMemory(connector),
    ...values,
    opened: {
      dataset: { id: '845305d8-da3d-4107-a9d6-13ef3f86d4a4', name: 'Conformance', columns },
      body: lentBytes(body),
      verify: options.verify ?? (async () => {}),
    },
    run: { id: options.runId ?? 'run1', number: options.runNumber ?? 1, startedAt },
    writeback: { id: 'conformance', name: 'Conformance', timeZone: 'UTC' },
    signal: options.signal ?? new AbortController().signal,
    egress: createEgress(),
    log: createLog((line) => said.push(line)),
  });
  said.push(JSON.stringify(delivered));
  return delivered;
}

async function trialConnection(target: ConformanceTarget, said: string[], credentials: object) {
  const log = createLog((line) => said.push(line));
  const { signal } = new AbortController();
  const values = checked(target, { credentials });
  const steps: TestStep[] = [];
  const work = { ...values, signal, egress: createEgress(), log };
  for await (const step of target.connector.testConnection(work as never)) steps.push(step);
  said.push(JSON.stringify(steps));
  return steps;
}

/** Tries a target and remembers what was said. Nothing is hidden from the log, so that a connector has to hold its tongue. */
export function createTrial(target: ConformanceTarget, skip: (reason: string) => void = () => {}): Trial {
  const said: string[] = [];
  const heard = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      said.push(sayings(error));
      throw error;
    }
  };
  const deliverBody: Trial['deliverBody'] = (columns, body, options = {}) =>
    heard(trialDelivery(target, said, columns, body, options));
  return {
    target,
    skip,
    deliverBody,
    deliver: (columns, rows, options) => deliverBody(columns, inChunks(columns, rows), options),
    testConnection: (credentials = target.credentials) => heard(trialConnection(target, said, credentials)),
    assertNoSecrets() {
      for (const secret of target.secrets) {
        assert.ok(!said.some((text) => text.includes(secret)), 'a secret was said aloud');
      }
    },
  };
}
