import type { Connector } from '../connector/contract.ts';
import type { Registry } from '../connector/registry.ts';
import { jsonSchema } from '../field/json-schema.ts';
import type { Fields } from '../field/field.ts';
import { domoSourceFields, localSourceFields } from '../source/source-fields.ts';
import { columnTypes } from './check-source.ts';
import { knownKeys } from './writeback.ts';

type Schema = Record<string, unknown>;

const kindOf = (kind: string, fields: Fields, extra: Schema = {}): Schema => {
  const schema = jsonSchema(fields) as { properties: Schema };
  return { ...schema, properties: { kind: { const: kind }, ...schema.properties, ...extra } };
};

const columns: Schema = {
  type: 'object',
  description: 'Types of columns by name; a column that is not named here is inferred.',
  additionalProperties: { enum: columnTypes },
};

/** The panes of one connector, for a writeback that names it. */
function panesOf({ id, credentials, details }: Connector): Schema {
  return {
    if: { properties: { connector: { const: id } }, required: ['connector'] },
    // Fields shared with the source may stand there instead: nothing of a pane is required by the schema.
    // oxlint-disable-next-line unicorn/no-thenable -- "then" is a keyword of JSON Schema
    then: { properties: { credentials: withoutRequired(credentials), details: withoutRequired(details) } },
  };
}

function withoutRequired(fields: Fields): Schema {
  const { required: _, ...schema } = jsonSchema(fields) as Schema;
  return schema;
}

/** The JSON Schema (2020-12) of a writeback file, derived from the fields of every connector in the registry. */
export function writebackSchema(registry: Registry): Schema {
  const text = { type: 'string' };
  const known: Schema = {
    name: { type: 'string', description: 'What people call it.' },
    source: {
      oneOf: [
        kindOf('domo', domoSourceFields),
        { ...kindOf('local', localSourceFields, { columns }), required: ['kind', 'path'] },
      ],
    },
    connector: { enum: registry.list().map(({ id }) => id) },
    credentials: { type: 'object' },
    details: { type: 'object' },
    schedule: { type: 'object', description: 'Read by the service.' },
    timeZone: { type: 'string', description: 'IANA name; dates in names are of this zone.', default: 'UTC' },
  };
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Writeback',
    type: 'object',
    required: ['name', 'source', 'connector'],
    additionalProperties: false,
    properties: Object.fromEntries(knownKeys.map((key) => [key, known[key] ?? text])),
    allOf: registry.list().map(panesOf),
  };
}
