import {
  type Arbitrary,
  array,
  boolean,
  constant,
  constantFrom,
  date,
  dictionary,
  emailAddress,
  integer,
  jsonValue,
  oneof,
  option,
  record,
  string,
  stringMatching,
} from 'fast-check';
import type { JsonSchema } from '../src/contract/json-schema.ts';

/** Values that a test knows to be good at a place, by the name of the property. */
export type Known = Readonly<Record<string, () => readonly unknown[]>>;

const years = { min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true };

function texts({ pattern, format, minLength = 0, maxLength = 40 }: JsonSchema): Arbitrary<unknown> {
  if (format === 'date-time') return date(years).map((time) => time.toISOString());
  if (format === 'email') return emailAddress();
  if (pattern !== undefined)
    return stringMatching(new RegExp(pattern)).map((text) => text.slice(0, maxLength));
  return string({ unit: 'grapheme', minLength, maxLength: Math.max(minLength, Math.min(maxLength, 40)) });
}

function objects({ properties = {}, required = [] }: JsonSchema, known: Known): Arbitrary<unknown> {
  const fields = Object.entries(properties).map(([name, schema]) => {
    const value = valuesOf(schema, known, name);
    const isRequired = required.includes(name);
    return [name, isRequired ? value : option(value, { nil: undefined })] as const;
  });
  // What is undefined is not sent.
  return record(Object.fromEntries(fields)).map((value) => JSON.parse(JSON.stringify(value)) as unknown);
}

/** Values of a schema; where the test knows good ones, mostly these. */
export function valuesOf(schema: JsonSchema, known: Known, name = ''): Arbitrary<unknown> {
  const drawn = drawnFrom(schema, known);
  const good = known[name];
  if (!good) return drawn;
  const picked = integer({ min: 0, max: 9 }).map((index) => good()[index] ?? good()[0]);
  return oneof({ weight: 4, arbitrary: picked }, { weight: 1, arbitrary: drawn });
}

function drawnFrom(schema: JsonSchema, known: Known): Arbitrary<unknown> {
  const { minimum = -1000, maximum = 1000, minItems = 0, maxItems = 5 } = schema;
  if (schema.enum) return constantFrom(...schema.enum);
  if (schema.anyOf) return oneof(...schema.anyOf.map((one) => valuesOf(one, known)));
  if (schema.type === 'string') return texts(schema);
  if (schema.type === 'integer') return integer({ min: minimum, max: maximum });
  if (schema.type === 'boolean') return boolean();
  if (schema.type === 'null') return constant(null);
  if (schema.type === 'array')
    return array(valuesOf(schema.items ?? {}, known), {
      minLength: minItems,
      maxLength: Math.min(maxItems, 5),
    });
  if (schema.properties) return objects(schema, known);
  if (schema.type === 'object') return dictionary(string(), jsonValue(), { maxKeys: 3 });
  return jsonValue();
}

/** What fits no schema, or hardly one: any JSON, and texts that break things. */
export const nonsense: Arbitrary<unknown> = oneof(
  jsonValue(),
  string({ unit: 'binary' }),
  constantFrom(
    '\0',
    '\ud800',
    '9'.repeat(400),
    '../../etc/passwd',
    '%00',
    "' or 1=1 --",
    '{{7*7}}',
    -0,
    1e308,
  ),
);
