import type { Registry } from '../connector/registry.ts';
import type { Fields } from '../field/field.ts';
import { domoSourceFields } from '../source/source-fields.ts';
import { accountFields } from './credentials.ts';

/** What an account can be of: a connector, or the Domo that DataSets come from. */
export interface AccountKind {
  readonly name: string;
  readonly fields: Fields;
}

/** The id that an account of the Domo source has in place of a connector's. */
export const domoKind = 'domo';

/** The kind of that id. Throws UserError `connector-unknown`. */
export function accountKind(registry: Registry, id: string): AccountKind {
  const { clientId, clientSecret, baseUrl } = domoSourceFields;
  if (id === domoKind) return { name: 'Domo', fields: { clientId, clientSecret, baseUrl } };
  const { name, credentials } = registry.get(id);
  return { name, fields: accountFields(credentials) };
}
