import { sql } from 'kysely';
import type { Db } from './database.ts';
import type { Writeback } from './writeback.ts';

/** The writebacks whose newest version reads a local DataSet, by name. */
export async function writebacksReading(
  db: Db,
  datasetId: string,
): Promise<Pick<Writeback, 'id' | 'name'>[]> {
  return db
    .selectFrom('writeback')
    .innerJoin('writebackVersion', (join) =>
      join
        .onRef('writebackVersion.writebackId', '=', 'writeback.id')
        .onRef('writebackVersion.version', '=', 'writeback.version'),
    )
    .select(['writeback.id', 'writeback.name'])
    .where('writeback.deletedAt', 'is', null)
    .where(sql`definition #>> '{source,datasetId}'`, '=', datasetId)
    .orderBy('writeback.name')
    .execute();
}
