import type { Run } from '../connector/contract.ts';
import type { Dataset } from '../dataset/dataset.ts';
import type { ErrorData } from './error-data.ts';
import type { RowsToMove } from './move-rows.ts';
import type { Step, StepResult } from './step.ts';

/** What a worker is given: plain data, secrets included, which stay in this process. */
export type RunData = Pick<RowsToMove, 'writeback' | 'run' | 'dryRun' | 'again'>;

/** What a worker tells while it moves rows; the last message is `done` or `failed`. */
export type RunMessage =
  | {
      readonly kind: 'started';
      readonly dataset: Dataset;
      readonly run: Run;
      readonly rows: number | undefined;
    }
  | { readonly kind: 'progress'; readonly rows: number; readonly bytes: number }
  | {
      readonly kind: 'info' | 'warn';
      readonly text: string;
      readonly fields: Readonly<Record<string, unknown>> | undefined;
    }
  | { readonly kind: 'hide'; readonly secret: string }
  | { readonly kind: 'done'; readonly result: StepResult<Step> }
  | { readonly kind: 'failed'; readonly error: ErrorData };
