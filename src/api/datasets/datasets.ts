import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Contract } from '../../contract/contract.ts';
import { UserError } from '../../errors.ts';
import type { Db } from '../../store/database.ts';
import {
  type LocalDataset,
  deleteLocalDataset,
  listLocalDatasets,
  updateLocalDataset,
} from '../../store/local-dataset.ts';
import { findPerson } from '../../store/person.ts';
import { writebacksReading } from '../../store/writeback-uses.ts';
import { audited } from '../audited.ts';
import { pageOfAll } from '../page.ts';
import type { Handler } from '../serve.ts';
import { datasetAnswer } from './dataset-answer.ts';
import { reachDataset } from './reach-dataset.ts';
import type { DatasetParts } from './upload-dataset.ts';

const list =
  ({ db }: DatasetParts): Handler<Contract['listDatasets']> =>
  async ({ query }, { caller }) => {
    const all = await listLocalDatasets(db, caller!.role === 'admin' ? undefined : caller!.personId);
    return pageOfAll(all.map(datasetAnswer), query);
  };

const get =
  ({ db }: DatasetParts): Handler<Contract['getDataset']> =>
  async ({ params: { id } }, { caller }) =>
    datasetAnswer(await reachDataset(db, caller!, id));

/** Throws UserError `dataset-owner-unknown` with the field. */
async function requirePeople(db: Db, ids: readonly string[], field: string): Promise<void> {
  for (const id of ids)
    if (!(await findPerson(db, id)))
      throw new UserError('dataset-owner-unknown', `There is no person ${id}.`, { field });
}

const change =
  ({ db }: DatasetParts): Handler<Contract['changeDataset']> =>
  async ({ params: { id }, body }, { caller }) => {
    const { name, ownerId, coOwnerIds } = body;
    const needed = ownerId === undefined && coOwnerIds === undefined ? 'co-owner' : 'owner';
    const deed = { actor: caller!.personId, action: 'dataset.change', target: id, details: body };
    return audited(db, deed, async (transaction) => {
      await reachDataset(transaction, caller!, id, needed);
      await requirePeople(transaction, ownerId === undefined ? [] : [ownerId], 'ownerId');
      await requirePeople(transaction, coOwnerIds ?? [], 'coOwnerIds');
      const changed = await updateLocalDataset(transaction, id, {
        ...(name !== undefined && { name }),
        ...(ownerId !== undefined && { ownerId }),
        ...(coOwnerIds !== undefined && { coOwnerIds }),
      });
      return datasetAnswer(changed!);
    });
  };

function inUse({ name }: LocalDataset, writebacks: readonly string[]): UserError {
  const sentence = `These writebacks read the DataSet "${name}": ${writebacks.slice(0, 20).join(', ')}.`;
  return new UserError('dataset-in-use-conflict', sentence, {
    remedy: 'Delete them, or let them read another DataSet, first.',
  });
}

const remove =
  ({ db, dataFolder }: DatasetParts): Handler<Contract['deleteDataset']> =>
  async ({ params: { id } }, { caller }) => {
    const deed = { actor: caller!.personId, action: 'dataset.delete', target: id, details: {} };
    const { file } = await audited(db, deed, async (transaction) => {
      const dataset = await reachDataset(transaction, caller!, id, 'owner');
      const uses = await writebacksReading(transaction, id);
      if (uses.length > 0)
        throw inUse(
          dataset,
          uses.map(({ name }) => name),
        );
      await deleteLocalDataset(transaction, id);
      return dataset;
    });
    await rm(join(dataFolder, file), { force: true });
    return null;
  };

/** Local DataSets: whoever owns or co-owns one sees it. */
export const datasetHandlers = (parts: DatasetParts) => ({
  listDatasets: list(parts),
  getDataset: get(parts),
  changeDataset: change(parts),
  deleteDataset: remove(parts),
});
