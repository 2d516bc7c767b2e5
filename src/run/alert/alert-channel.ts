import type { AlertKind } from '../../store/alert.ts';

/** What is told. */
export interface AlertMessage {
  /** The same however often it is sent, so that a receiver can tell repetitions. */
  readonly id: string;
  readonly kind: AlertKind | 'test';
  /** A sentence. */
  readonly message: string;
  readonly at: Date;
  readonly writebackId?: string | undefined;
  readonly runId?: string | undefined;
}

/** A way to tell people. */
export interface AlertChannel {
  /** The same after a restart: what it got is remembered under this. */
  readonly id: string;
  /** Throws told errors; when it throws, it is tried again. Gives a sentence when it reached some of its people and never will the others. */
  send(message: AlertMessage, signal: AbortSignal): Promise<string | void>;
}

/** What the test button sends. */
export function testMessage(at = new Date()): AlertMessage {
  return { id: `test-${at.getTime()}`, kind: 'test', message: 'This is a test: alerts arrive here.', at };
}
