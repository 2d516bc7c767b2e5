import type { Contract } from '../../contract/contract.ts';
import type { AnswerOf } from '../../contract/endpoint.ts';
import type { Run } from '../../store/run.ts';
import type { RunEvent } from '../../store/run-event.ts';
import { present } from '../present.ts';

type RunAnswer = AnswerOf<Contract['getRun']>;

/** A run as the API tells it. */
export function runAnswer({ queuedAt, startedAt, finishedAt, receipt, error, ...run }: Run): RunAnswer {
  return {
    ...run,
    queuedAt: queuedAt.toISOString(),
    ...present({
      startedAt: startedAt?.toISOString(),
      finishedAt: finishedAt?.toISOString(),
      receipt,
      error: error as RunAnswer['error'],
    }),
  };
}

/** A line of a run's story as the API tells it. */
export function eventAnswer({ id, at, kind, message, level, rows, bytes }: RunEvent) {
  return { id, at: at.toISOString(), kind, message, ...present({ level, rows, bytes }) };
}
