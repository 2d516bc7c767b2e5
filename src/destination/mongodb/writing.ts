import type { BSON, Db, MongoClient } from 'mongodb';
import type { BatchJob, Job } from '../../connector/contract.ts';
import type { Batch, BsonOptions, EncodedBatch } from '../../dataset/batch.ts';
import type { Ends } from './client.ts';
import { collectionName } from './collection-name.ts';
import type { credentialFields, detailFields } from './mongodb-fields.ts';
import type { ReadyDocuments } from './ready-documents.ts';
import { type Send, createSend } from './send.ts';

export type MongoJob = BatchJob<typeof credentialFields, typeof detailFields>;

/** Where a run's documents go. */
export interface Place {
  readonly job: Job<typeof credentialFields, typeof detailFields>;
  readonly db: Db;
  readonly bson: typeof BSON;
  /** The target collection's name, checked. */
  readonly name: string;
}

/** What every write mode works with. */
export interface Writing extends Place {
  readonly job: MongoJob;
  readonly send: Send;
  readonly tidy: Ends['tidy'];
}

/** What was sent, and how many rows lie in the destination thanks to it. */
export interface Written {
  rows: number;
  bytes: number;
}

/** Finds the place of a job. Throws for names that MongoDB refuses. */
export async function placeOf(job: Place['job'], client: MongoClient): Promise<Place> {
  const { BSON: bson } = await import('mongodb');
  return { job, bson, db: client.db(job.credentials.databaseName), name: collectionName(job) };
}

/** Gets a job ready for a write mode. Throws for names that MongoDB refuses. */
export async function createWriting(
  job: MongoJob,
  client: MongoClient,
  { tidy, halt }: Ends,
  ready: ReadyDocuments | undefined,
): Promise<Writing> {
  if (!ready)
    job.warn('This MongoDB driver does not take ready documents; sending them one by one costs more time.');
  const place = await placeOf(job, client);
  return { ...place, job, send: createSend({ ...place, halt, ready }), tidy };
}

/** Encodes a batch as the details say, reporting what does not fit its type. */
export function encode(job: MongoJob, batch: Batch, options: Partial<BsonOptions>): EncodedBatch {
  const { nullValues: nulls, fieldNames, strict } = job.details;
  const encoded = batch.bson({ nulls, fieldNames, strict, ...options });
  for (const { row, reason, column } of encoded.rejected) job.reject(row, reason, column);
  job.truncated(encoded.truncated);
  return encoded;
}

/** True when the rows bring their own `_id`, so that none is made. */
export function hasOwnId(job: MongoJob): boolean {
  return job.dataset.columns.some(({ name }) => name === '_id');
}

/** Makes the collection if it is not there (code 48: it is). */
export async function ensureCollection(db: Db, name: string): Promise<void> {
  await db.command({ create: name }).catch((error: { code?: number }) => {
    if (error.code !== 48) throw error;
  });
}
