import type { Column } from '../../dataset/dataset.ts';
import { TemporaryError } from '../../errors.ts';
import type { OutputHead, OutputPlace, OutputStreams } from '../../source/output-streams.ts';
import type { Db } from '../../store/database.ts';
import { hasOutputRow, lastOutputRow } from '../../store/output-row.ts';
import { type Published, type PublishedOutput, changePublication } from '../../store/published-output.ts';
import { csvParts, outputTable } from './output-table.ts';

/** An output DataSet, as its writeback is saved now. */
export interface Output {
  readonly writebackId: string;
  readonly name: string;
  readonly updateMethod: 'replace' | 'append';
}

/** What it is published with. */
export interface PublishWork {
  readonly db: Db;
  readonly outputs: OutputStreams;
  readonly signal: AbortSignal;
}

const same = (one: readonly Published['columns'][number][], other: readonly Column[]) =>
  one.length === other.length &&
  one.every(({ name, type }, at) => name === other[at]!.name && type === other[at]!.type);

/**
 * What lies in Domo, after an earlier attempt has begun an execution and not seen its end: that it succeeded is believed to Domo
 * alone. One that still takes parts is aborted; when nothing is known of it any more, all is sent anew.
 */
async function settleExecution(
  { place, execution, published, writebackId }: PublishedOutput,
  { db, outputs, signal }: PublishWork,
): Promise<Published | null> {
  if (!place || !execution) return published;
  const state = await outputs.state(place, execution.id, signal);
  if (state === 'unfinished') {
    throw new TemporaryError('publish-unfinished', 'Domo still works on the rows that were sent before.');
  }
  if (state === 'active') await outputs.abort(place, execution.id, signal);
  const now = { succeeded: execution.published, gone: null, active: published, ended: published }[state];
  const publishedAt = state === 'succeeded' ? { publishedAt: new Date() } : {};
  const kept = now && JSON.stringify(now);
  await changePublication(db, writebackId, { published: kept, execution: null, ...publishedAt });
  return now;
}

/** Rows can only be added where all that lies there is still here, in the same columns. */
async function mayAppend(
  { writebackId, updateMethod }: Output,
  columns: readonly Column[],
  there: Published | null,
  db: Db,
): Promise<boolean> {
  if (updateMethod !== 'append' || !there || !same(there.columns, columns)) return false;
  return hasOutputRow(db, writebackId, there.last);
}

async function placeOf(
  { place, writebackId }: PublishedOutput,
  head: OutputHead,
  { db, outputs, signal }: PublishWork,
): Promise<OutputPlace> {
  if (place) return place;
  const made = await outputs.open(head, signal);
  await changePublication(db, writebackId, { place: JSON.stringify(made) });
  return made;
}

/**
 * Brings the output DataSet in Domo to what it is here. What is sent is written down before it is committed, so that an attempt
 * after one that ended anywhere adds no row twice. Throws what Domo's answers throw.
 */
export async function publishOutput(
  publication: PublishedOutput,
  output: Output,
  work: PublishWork,
): Promise<void> {
  const { db, outputs, signal } = work;
  const { writebackId, name } = output;
  const there = await settleExecution(publication, work);
  const [columns, last] = [await outputTable(db, writebackId), await lastOutputRow(db, writebackId)];
  if (!last) return;
  const isNews = there?.last.runId !== last.runId || there.last.number !== last.number;
  if (!isNews && same(there.columns, columns)) return;
  const after = (await mayAppend(output, columns, there, db)) ? there?.last : undefined;
  const head = { name: `${name} (output)`, description: `Output of the writeback ${writebackId}.`, columns };
  const place = await placeOf(publication, head, work);
  const id = await outputs.begin(place, head, after ? 'APPEND' : 'REPLACE', signal);
  const published = { columns, last };
  await changePublication(db, writebackId, { execution: JSON.stringify({ id, published }) });
  let part = 0;
  for await (const csv of csvParts(db, writebackId, columns, { after, last }))
    await outputs.upload(place, id, (part += 1), csv, signal);
  await outputs.commit(place, id, signal);
  const done = { published: JSON.stringify(published), execution: null, publishedAt: new Date() };
  await changePublication(db, writebackId, done);
}
