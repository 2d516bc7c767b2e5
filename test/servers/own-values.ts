import type { ConformanceTarget } from '../../src/connector/conformance.ts';
import type { Fields } from '../../src/field/field.ts';

const own = (values: Record<string, unknown>, fields: Fields) =>
  Object.fromEntries(Object.entries(values).filter(([id]) => fields[id]?.sharedWith === undefined));

/** A target's panes without the fields that are the source's: a writeback types those under its source. */
export function ownValues({ connector, credentials, details }: ConformanceTarget) {
  return { credentials: own(credentials, connector.credentials), details: own(details, connector.details) };
}
