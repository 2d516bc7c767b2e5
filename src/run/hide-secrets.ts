import type { Registry } from '../connector/registry.ts';
import type { Fields } from '../field/field.ts';
import type { Log } from '../log.ts';
import { domoSourceFields, localSourceFields } from '../source/source-fields.ts';
import type { Writeback } from './writeback.ts';

const sourceFields = { domo: domoSourceFields, local: localSourceFields };

function secretsIn(fields: Fields, values: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(fields)
    .filter(([, { type }]) => type === 'secret')
    .map(([id]) => values[id])
    .filter((value) => typeof value === 'string');
}

/**
 * From now on the log hides the secrets of a writeback: the values of all fields of kind secret, its source's and both
 * panes'. Where a value was taken from (environment, file) does not make it secret: a host name may stand there too.
 */
export function hideSecrets(writeback: Writeback, registry: Registry, log: Pick<Log, 'hide'>): void {
  const { source, credentials, details } = writeback;
  const panes = registry.get(writeback.connector);
  const secrets = [
    ...secretsIn(sourceFields[source.kind], source.values),
    ...secretsIn(panes.credentials, credentials),
    ...secretsIn(panes.details, details),
  ];
  for (const secret of secrets) log.hide(secret);
}
