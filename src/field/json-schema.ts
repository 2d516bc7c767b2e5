import { defaultOf } from './describe-fields.ts';
import type { Field, Fields } from './field.ts';

/** A JSON Schema (draft 2020-12) as plain data. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** Numbers, booleans and choices may come out of the environment. */
const fromEnvironment = '^\\$\\{[^}]+\\}$';

/** A secret is text (`${NAME}` included) or the content of a file. */
const secret: JsonSchema = {
  anyOf: [
    { type: 'string' },
    {
      type: 'object',
      properties: { file: { type: 'string' } },
      required: ['file'],
      additionalProperties: false,
    },
  ],
};

function shapeOf(field: Field): JsonSchema {
  if (field.type === 'secret') return secret;
  if (field.type === 'boolean') return { type: ['boolean', 'string'], pattern: fromEnvironment };
  if (field.type === 'choice') {
    const choices = Object.entries(field.choices).map(([id, label]) => ({ const: id, description: label }));
    return { anyOf: [...choices, { type: 'string', pattern: fromEnvironment }] };
  }
  if (field.type === 'number') {
    const { minimum, maximum, fraction } = field;
    return { type: [fraction ? 'number' : 'integer', 'string'], minimum, maximum, pattern: fromEnvironment };
  }
  if (field.type === 'text' && field.list) return { type: ['string', 'array'], items: { type: 'string' } };
  return { type: 'string' };
}

function propertyOf(field: Field): JsonSchema {
  const examples = field.example === undefined ? undefined : [field.example];
  return withoutUndefined({
    title: field.label,
    description: field.help,
    ...shapeOf(field),
    default: defaultOf(field),
    examples,
  });
}

/** Keys without value would not survive a comparison with the schema's own JSON. */
function withoutUndefined(record: JsonSchema): JsonSchema {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
}

function isRequired(field: Field): boolean {
  return field.required === true && defaultOf(field) === undefined && field.sharedWith === undefined;
}

/** The field is there, or the deciding fields have other values (or lack one, and their default is another). */
function conditionOf(id: string, when: NonNullable<Field['when']>, fields: Fields): JsonSchema {
  const deciders = Object.entries(when);
  const told = deciders.filter(([other, values]) => {
    const field = fields[other];
    const byDefault = field === undefined ? undefined : defaultOf(field);
    return byDefault === undefined || typeof byDefault === 'number' || !values.includes(byDefault);
  });
  const properties = Object.fromEntries(deciders.map(([other, values]) => [other, { enum: values }]));
  return { anyOf: [{ not: { properties, required: told.map(([other]) => other) } }, { required: [id] }] };
}

/** The JSON Schema of an object with these fields, for editors and for the API. `field/check.ts` has the last word. */
export function jsonSchema(fields: Fields): JsonSchema {
  const required = Object.entries(fields).filter(([, field]) => isRequired(field));
  const conditions = required.flatMap(([id, { when }]) => (when ? [conditionOf(id, when, fields)] : []));
  return withoutUndefined({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    properties: Object.fromEntries(Object.entries(fields).map(([id, field]) => [id, propertyOf(field)])),
    required: required.filter(([, { when }]) => when === undefined).map(([id]) => id),
    allOf: conditions.length > 0 ? conditions : undefined,
    additionalProperties: false,
  });
}
