import type { MetricsOutcome } from '../../connector/contract.ts';
import type { S3Details } from './details-fields.ts';

/** `yyyy-MM-ddTHH:mm:ss` in UTC, as Domo's DATETIME. */
function dateTime(epoch: number): string {
  return new Date(epoch).toISOString().slice(0, 19);
}

/** Milliseconds of what Domo's export says, which is ISO or epoch milliseconds in a text. */
function epochOf(text: string): number {
  return /^\d+$/.test(text) ? Number(text) : Date.parse(text);
}

/**
 * The row of export metrics. `started` and `finished` are epoch milliseconds ("Parse as is") or date-time text
 * ("Parse and convert into Date Time"). After a delegated export, everything is as Domo told it.
 */
export function metrics(details: S3Details, outcome: MetricsOutcome): Record<string, string | number> {
  const { delegated } = outcome;
  const started = delegated ? epochOf(delegated.startedAt) : outcome.startedAt.getTime();
  const finished = delegated ? epochOf(delegated.finishedAt) : outcome.finishedAt.getTime();
  const convert = details.selectTheDataTypeForDateColumnSToBeParsed === 'parseAndConvert';
  return {
    exportId: delegated?.exportId ?? outcome.runId,
    status: delegated?.status ?? 'success',
    started: convert ? dateTime(started) : started,
    finished: convert ? dateTime(finished) : finished,
    rows: delegated ? delegated.objects.reduce((sum, { rows }) => sum + rows, 0) : outcome.rows,
    bytes: outcome.bytes,
    objects: delegated?.objects.length ?? outcome.objects,
  };
}
