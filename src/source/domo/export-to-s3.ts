import { setTimeout as sleep } from 'node:timers/promises';
import { TemporaryError, UserError } from '../../errors.ts';
import type { DelegatedExport, DelegatedTarget } from '../source.ts';
import type { DomoApi } from './api.ts';

/** Milliseconds between two looks: grows from the first to the longest. */
export interface PollDelays {
  readonly first: number;
  readonly longest: number;
}

interface ExportState {
  readonly exportId?: string;
  readonly exportStatus?: string;
  readonly bucket?: string;
  readonly started?: string | number | null;
  readonly finished?: string | number | null;
  readonly errorCode?: string | null;
  readonly message?: string | null;
  readonly urlRowCountMap?: Readonly<Record<string, number>> | null;
  readonly tempUrlRowCountMap?: Readonly<Record<string, number>> | null;
}

/** Domo writes a time as ISO text, or as epoch milliseconds in a text. */
function isoTime(time: string | number | null | undefined): string {
  const date = new Date(/^\d+$/.test(String(time)) ? Number(time) : String(time));
  return Number.isNaN(date.getTime()) ? '' : date.toISOString();
}

// Of what went wrong Domo tells a code and a sentence, neither listed anywhere: these words are the person's to mend.
const mendable = [
  {
    words: /region/i,
    field: 'region',
    remedy: 'Choose the region in which the bucket lies; Domo does not export across regions.',
  },
  {
    words: /no ?such ?bucket|bucket.*not.*(exist|found)/i,
    field: 'bucket',
    remedy: 'Check the bucket’s name.',
  },
  {
    words: /access ?denied|forbidden|invalid ?access|signature|token|credential/i,
    field: 'secretKey',
    remedy: 'Check the keys, and that they may put objects into the bucket.',
  },
];

function failure(state: ExportState): UserError | TemporaryError {
  const said = [state.errorCode, state.message].filter(Boolean).join(': ').slice(0, 300);
  const sentence = `Domo could not export to S3${said ? `. It says: ${said}` : ', and does not say why'}.`;
  const known = mendable.find(({ words }) => words.test(said));
  if (known)
    return new UserError('domo-s3-export-refused', sentence, { remedy: known.remedy, field: known.field });
  return new TemporaryError('domo-s3-export-failed', sentence, { remedy: 'Run it again later.' });
}

function finished(state: ExportState): DelegatedExport {
  const { exportId = '', exportStatus = '', bucket = '', urlRowCountMap, tempUrlRowCountMap } = state;
  const urls = Object.entries({ ...(urlRowCountMap ?? tempUrlRowCountMap) });
  const objects = urls.map(([url, rows]) => ({ url, rows }));
  const [startedAt, finishedAt] = [isoTime(state.started), isoTime(state.finished)];
  return { exportId, status: exportStatus, startedAt, finishedAt, bucket, objects };
}

/** True while there is something to wait for; throws when a state, be it with status 200, is an error. */
function goesOn(state: ExportState): boolean {
  if (state.exportStatus === 'error' || !state.exportId) throw failure(state);
  if (state.exportStatus !== 'success' && state.errorCode && state.errorCode !== 'none') throw failure(state);
  return state.exportStatus !== 'success';
}

/**
 * Asks Domo's own Export-to-S3 for a DataSet and watches it to the end. When the rows have not changed since the last export,
 * Domo answers with that one and writes nothing. Throws `domo-s3-export-refused`, `domo-s3-export-failed`.
 */
export async function exportToS3(
  api: DomoApi,
  datasetId: string,
  target: DelegatedTarget,
  signal: AbortSignal,
  delays: PollDelays = { first: 1000, longest: 30_000 },
): Promise<DelegatedExport> {
  const path = `/api/query/v1/export/${datasetId}`;
  const request = { operation: 'unload', path, signal } as const;
  let state = (await api.json({ ...request, method: 'POST', body: JSON.stringify(target) })) as ExportState;
  const { exportId } = state;
  for (let delay = delays.first; goesOn(state); delay = Math.min(delay * 1.5, delays.longest)) {
    await sleep(delay, undefined, { signal }).catch(() => signal.throwIfAborted());
    const states = (await api.json({ ...request, method: 'GET' })) as ExportState[];
    state = (Array.isArray(states) ? states : []).find((one) => one.exportId === exportId) ?? {
      message: 'the export has vanished',
    };
  }
  return finished(state);
}
