import { UserError } from '../../errors.ts';
import type { Values } from '../../field/field.ts';
import type { DataWorldDetails } from './data-world-fields.ts';

/** A data.world DataSet. */
export interface DatasetKey {
  readonly owner: string;
  readonly id: string;
}

/** `owner/id` or the URL of a page of the DataSet; the rule of the characters is that of data.world's own client. */
const pattern = /^(?:https?:\/\/[^/]+\/)?([a-z0-9-]+)\/([a-z0-9-]+)(?:\/(?:workspace\/.*)?)?(?:[?#].*)?$/;

/** The DataSet that the details name. Throws UserError `data-world-dataset-id`. */
export function datasetKey(details: Values<DataWorldDetails>): DatasetKey {
  const field =
    details.selectDataWorldDatasetMethod === 'selectDataset' ? 'dataWorldDataset' : 'dataWorldDatasetId';
  const text = details[field] ?? '';
  const [, owner, id] = pattern.exec(text.trim()) ?? [];
  if (owner !== undefined && id !== undefined) return { owner, id };
  throw new UserError('data-world-dataset-id', `"${text}" is not the ID of a data.world DataSet.`, {
    field,
    remedy: 'Give owner/id as in the address of its page: https://data.world/owner/id.',
  });
}
