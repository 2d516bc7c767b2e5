import { UserError } from '../../errors.ts';
import type { Db } from '../../store/database.ts';
import { type LocalDataset, findLocalDataset } from '../../store/local-dataset.ts';
import type { Caller } from '../caller.ts';

/**
 * The DataSet, when the caller owns it, co-owns it (enough unless `owner` is asked for) or is an administrator. Throws
 * UserError `dataset-not-found`, also when there is one that the caller may not know of, and `dataset-forbidden`.
 */
export async function reachDataset(
  db: Db,
  { personId, role }: Caller,
  id: string,
  needed: 'co-owner' | 'owner' = 'co-owner',
): Promise<LocalDataset> {
  const dataset = await findLocalDataset(db, id);
  const owns = role === 'admin' || dataset?.ownerId === personId;
  if (!dataset || (!owns && !dataset.coOwnerIds.includes(personId)))
    throw new UserError('dataset-not-found', 'There is no such DataSet, or you do not co-own it.');
  if (owns || needed === 'co-owner') return dataset;
  throw new UserError('dataset-forbidden', `Only its owner may do this with "${dataset.name}".`);
}
