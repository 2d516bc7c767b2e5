import type { Connector } from '../connector/contract.ts';
import type { Delivered } from '../connector/deliver.ts';
import { UserError } from '../errors.ts';
import { datasetIdOf } from '../source/create-source.ts';
import type { DelegatedExport, Source } from '../source/source.ts';
import { mergeDelivered } from '../connector/merge-delivered.ts';
import type { Writeback } from './writeback.ts';

function refusal(code: string, why: string): UserError {
  const sentence = `"Delegated Export" lets Domo write the whole DataSet into the bucket by itself, but ${why}.`;
  return new UserError(code, sentence, {
    field: 'details.delegatedExport',
    remedy: 'Switch "Delegated Export" off.',
  });
}

/**
 * Lets the source write by itself; undefined when the details do not say so.
 * Throws UserError `delegated-export-source` and `delegated-export-query` where the source cannot do just that.
 */
export function delegationOf(
  { source: spec, details, credentials }: Writeback,
  connector: Connector,
  source: Source,
): ((signal: AbortSignal) => Promise<DelegatedExport>) | undefined {
  if (connector.accepts !== 'file') return undefined;
  const target = connector.delegate?.(details as never, credentials as never);
  if (!target) return undefined;
  if (!source.exportToS3) throw refusal('delegated-export-source', 'the source is not Domo');
  if (spec.values.query !== undefined) throw refusal('delegated-export-query', 'the source has a query');
  return (signal) => source.exportToS3!(datasetIdOf(spec), target, signal);
}

/** What a delegated export moved, as far as Domo tells: rows and places, but neither bytes nor a checksum. */
export function deliveredBy({ objects }: DelegatedExport): Delivered {
  const rows = objects.reduce((sum, object) => sum + object.rows, 0);
  const location = objects.map(({ url }) => url);
  return { ...mergeDelivered([]), location, rowsRead: rows, rowsWritten: rows };
}
