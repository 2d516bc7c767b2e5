import { UserError } from '../../errors.ts';
import type { OwnedDataset } from './describe-dataset.ts';
import type { Identity } from './tokens.ts';

/** Domo's rule for writebacks: whoever writes a DataSet out must own or co-own it, or be an Admin. Throws `domo-not-owner`. */
export function checkOwnership({ dataset, owners }: OwnedDataset, identity: Identity): void {
  if (identity.role === 'Admin' || owners.includes(identity.userId)) return;
  const owner = dataset.owner?.name ? ` (${dataset.owner.name})` : '';
  const sentence =
    `The owner of a writeback must own or co-own the input DataSet, or be an Admin: ` +
    `the client's user ${identity.userId} (role ${identity.role || 'unknown'}) is not the owner${owner} of “${dataset.name}”.`;
  const remedy =
    'Use a client made by the DataSet’s owner or by an Admin, or let the DataSet be handed over in Domo.';
  throw new UserError('domo-not-owner', sentence, { remedy, field: 'clientId' });
}
