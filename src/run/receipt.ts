import type { Delivered } from '../connector/deliver.ts';
import type { RejectedRow } from '../dataset/batch.ts';
import { TemporaryError, UserError, isTold } from '../errors.ts';

/** What went wrong, for the person and for a script. */
export interface ReceiptError {
  readonly code: string;
  readonly message: string;
  readonly remedy?: string;
  readonly field?: string;
  readonly row?: number;
  readonly column?: string;
  readonly retryAfter?: number;
  /** True when the same run may succeed later, unchanged. */
  readonly temporary: boolean;
}

/** What a finished run can prove. */
export interface Receipt {
  readonly run: string;
  readonly writeback: string;
  readonly status: 'succeeded' | 'failed' | 'canceled';
  readonly location: readonly string[];
  readonly rowsRead: number;
  readonly rowsWritten: number;
  readonly rowsRejected: number;
  readonly bytes: number;
  readonly checksum: { readonly algorithm: 'crc32'; readonly value: string } | null;
  readonly files: Delivered['files'];
  readonly rejected: readonly RejectedRow[];
  readonly rejectedFrom?: Delivered['rejectedFrom'];
  /** Dates that lost digits, because what was written holds fewer. */
  readonly truncated: number;
  readonly warnings: readonly string[];
  readonly metrics?: Readonly<Record<string, string | number>>;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly error?: ReceiptError;
}

/** What every receipt begins with. */
export interface ReceiptHead {
  readonly run: string;
  readonly writeback: string;
  readonly startedAt: Date;
}

/** The receipt of a run that arrived. */
export function receiptOf(head: ReceiptHead, delivered: Delivered, metrics?: Receipt['metrics']): Receipt {
  const { crc32, ...rest } = delivered;
  return {
    ...head,
    startedAt: head.startedAt.toISOString(),
    status: 'succeeded',
    ...rest,
    checksum: { algorithm: 'crc32', value: crc32 },
    ...(metrics && { metrics }),
    finishedAt: new Date().toISOString(),
  };
}

/** An error as data: told errors as they are, everything else as `unexpected`, which may pass. */
export function receiptErrorOf(error: unknown): ReceiptError {
  if (!isTold(error)) {
    const message = error instanceof Error ? error.message : String(error);
    return { code: 'unexpected', message: `Something unexpected happened: ${message}`, temporary: true };
  }
  const { code, message, remedy, field, row, column } = error;
  const retryAfter = error instanceof TemporaryError ? error.retryAfter : undefined;
  const details = { remedy, field, row, column, retryAfter };
  const given = Object.entries(details).filter(([, value]) => value !== undefined);
  return { code, message, ...Object.fromEntries(given), temporary: !(error instanceof UserError) };
}

/** The receipt of a run that did not arrive. */
export function failedReceipt(head: ReceiptHead, error: unknown, canceled: boolean): Receipt {
  return {
    ...head,
    startedAt: head.startedAt.toISOString(),
    status: canceled ? 'canceled' : 'failed',
    location: [],
    rowsRead: 0,
    rowsWritten: 0,
    rowsRejected: 0,
    bytes: 0,
    checksum: null,
    files: [],
    rejected: [],
    truncated: 0,
    warnings: [],
    finishedAt: new Date().toISOString(),
    error: receiptErrorOf(error),
  };
}
