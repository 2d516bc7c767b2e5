import { randomUUID } from 'node:crypto';
import { forbidden, json, type Answer, type Ask } from './domo-answers.ts';
import { mayRead, type Datasets, type StandInDataset } from './domo-datasets.ts';
import type { Identity } from './domo-tokens.ts';

/** What Domo does with the keys it was given. */
export interface UnloadedObject {
  readonly awsAccessKey: string;
  readonly awsAccessSecret: string;
  readonly sessionToken?: string;
  readonly bucket: string;
  readonly region: string;
  readonly key: string;
  readonly body: AsyncIterable<Uint8Array>;
}

export interface UnloadOptions {
  /** Writes the object; throws when the bucket refuses it. Without it nothing is written. */
  readonly putObject?: (object: UnloadedObject) => Promise<void>;
  /** Where buckets lie; another region in the request is an error. */
  readonly bucketRegions?: Readonly<Record<string, string>>;
  /** How often a poll is answered with `exporting` before the end. */
  readonly polls?: number;
}

interface Target extends Omit<UnloadedObject, 'key' | 'body'> {
  readonly path?: string;
}

interface Export {
  bucket: string;
  compression: string;
  errorCode: string | null;
  exportFormat: string;
  exportId: string;
  exportStatus: 'none' | 'exporting' | 'success' | 'error';
  started: string;
  finished: string | null;
  message: string | null;
  tempUrlRowCountMap: Record<string, number>;
  urlRowCountMap: Record<string, number>;
}

function newExport(bucket: string): Export {
  const empty = {
    errorCode: null,
    finished: null,
    message: null,
    tempUrlRowCountMap: {},
    urlRowCountMap: {},
  };
  const started = String(Date.now());
  return {
    bucket,
    compression: 'none',
    exportFormat: 'csv',
    exportId: randomUUID(),
    exportStatus: 'none',
    started,
    ...empty,
  };
}

function fail(one: Export, errorCode: string, message: string): void {
  Object.assign(one, { exportStatus: 'error', errorCode, message, finished: String(Date.now()) });
}

/** Domo's Export-to-S3: asked for once, then watched. Unchanged data gives the former export again. */
export function createUnloads(datasets: Datasets, options: UnloadOptions) {
  const last = new Map<string, { made: Export; version: string; polls: number; work: Promise<void> }>();

  async function put(dataset: StandInDataset, target: Target, made: Export): Promise<void> {
    const { path, ...where } = target;
    const key = `${path || dataset.id}/${made.exportId}/export/data`;
    await options.putObject?.({ ...where, key, body: dataset.body(true) });
    made.urlRowCountMap[`https://${target.bucket}.s3.${target.region}.amazonaws.com/${key}`] = dataset.rows;
  }

  function readable(id: string, identity: Identity): StandInDataset {
    const dataset = datasets.find(id);
    if (!mayRead(identity, dataset)) throw forbidden();
    return dataset;
  }

  return {
    /** POST /api/query/v1/export/{id}: a 200 may carry an error. */
    start(ask: Ask, identity: Identity, id: string): Answer {
      const dataset = readable(id, identity);
      const target = JSON.parse(ask.body) as Target;
      const before = last.get(id);
      if (before?.made.exportStatus === 'success' && before.version === dataset.updatedAt)
        return json(before.made);
      const made = newExport(target.bucket);
      if (before && ['none', 'exporting'].includes(before.made.exportStatus)) {
        fail(made, 'EXPORT_IN_PROGRESS', 'An export of this DataSet is already active');
        return json(made);
      }
      const region = options.bucketRegions?.[target.bucket];
      if (region && region !== target.region) {
        fail(
          made,
          'REGION_MISMATCH',
          `Bucket is in region ${region}, not ${target.region}; cross-region export is not supported`,
        );
        return json(made);
      }
      const work = put(dataset, target, made).catch((error: Error) =>
        fail(made, 'AccessDenied', error.message),
      );
      last.set(id, { made, version: dataset.updatedAt, polls: options.polls ?? 1, work });
      return json(made);
    },

    /** GET of the same path: an array. */
    async watch(identity: Identity, id: string): Promise<Answer> {
      readable(id, identity);
      const one = last.get(id);
      if (!one) return json([]);
      if (one.made.exportStatus === 'none') one.made.exportStatus = 'exporting';
      else if (one.made.exportStatus === 'exporting' && --one.polls <= 0) {
        await one.work;
        if (one.made.exportStatus === 'exporting') {
          Object.assign(one.made, { exportStatus: 'success', finished: String(Date.now()) });
        }
      }
      return json([one.made]);
    },
  };
}
