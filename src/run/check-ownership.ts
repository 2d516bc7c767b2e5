import type { Egress } from '../egress/egress.ts';
import { UserError, restated } from '../errors.ts';
import type { Log } from '../log.ts';
import { datasetIdOf, withSource } from '../source/create-source.ts';
import type { Db } from '../store/database.ts';
import { findPerson } from '../store/person.ts';
import type { Definition } from './definition.ts';
import { namedLocalDataset } from './local-dataset-source.ts';
import { scopedLog } from './scoped-log.ts';
import type { Writeback } from './writeback.ts';

/** Codes of the errors that mean: the owner of the writeback neither owns nor co-owns the DataSet, and is no Admin. */
export const notOwnerCodes: readonly string[] = ['domo-not-owner', 'writeback-not-owner'];

/** What the rule is checked with. */
export interface OwnershipParts {
  readonly db: Db;
  readonly egress: Egress;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * Domo's rule: the owner of a writeback must own or co-own the input DataSet, or be an Admin. Of a DataSet in Domo that is
 * the user of the account's client; Domo is asked. Throws UserError `domo-not-owner` or `writeback-not-owner`, and what
 * Domo's answers throw.
 */
export async function checkOwnership(
  writeback: Writeback,
  definition: Definition,
  ownerId: string,
  parts: OwnershipParts,
): Promise<void> {
  const { source: spec } = writeback;
  if (spec.kind === 'local') return checkLocalOwnership(definition, ownerId, parts.db);
  const { egress, signal } = parts;
  const work = { egress, log: scopedLog(parts.log) };
  try {
    await withSource(spec, work, async (source) => source.checkOwnership?.(datasetIdOf(spec), signal));
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== 'domo-not-owner') throw error;
    throw restated(error, error.message, 'sourceAccountId');
  }
}

/** The same for a local DataSet, and nothing for one in Domo: that is checked whenever it is opened. */
export async function checkLocalOwnership({ source }: Definition, ownerId: string, db: Db): Promise<void> {
  if (source['kind'] !== 'local') return;
  const dataset = await namedLocalDataset(db, source);
  if (dataset.ownerId === ownerId || dataset.coOwnerIds.includes(ownerId)) return;
  const person = await findPerson(db, ownerId);
  if (person?.role === 'admin') return;
  const sentence =
    'The owner of a writeback must own or co-own the input DataSet, or be an Admin: ' +
    `${person?.name ?? 'nobody'} is not an owner of “${dataset.name}”.`;
  throw new UserError('writeback-not-owner', sentence, {
    field: 'source.datasetId',
    remedy: 'Let the DataSet’s owner make them a co-owner, or let an owner of the DataSet own the writeback.',
  });
}
