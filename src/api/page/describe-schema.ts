import type { TSchema } from 'typebox';
import type { JsonSchema } from '../../contract/json-schema.ts';
import { type Html, html } from './html.ts';

/** `1 to 200 characters`; undefined where nothing bounds it. */
function span(least: number | undefined, most: number | undefined, unit: string): string | undefined {
  if (least === undefined && most === undefined) return undefined;
  if (most === undefined) return `at least ${least}${unit}`;
  return least === undefined ? `at most ${most}${unit}` : `${least} to ${most}${unit}`;
}

/** What a value may be, without what lies inside it. */
function wordsOf(schema: JsonSchema): string {
  const { type, format, items, anyOf, patternProperties } = schema;
  if (schema.enum) return schema.enum.join(' | ');
  if (anyOf) return anyOf.map(wordsOf).join(' or ');
  const kinds: Readonly<Record<string, string>> = {
    object: patternProperties ? 'object with any keys' : 'object',
    string: format ?? 'string',
  };
  return [
    kinds[type ?? ''] ?? type ?? 'anything',
    span(schema.minLength, schema.maxLength, ' characters'),
    span(schema.minimum, schema.maximum, ''),
    span(schema.minItems, schema.maxItems, ' items'),
    schema.uniqueItems === true ? 'each once' : undefined,
    schema.pattern === undefined ? undefined : `pattern ${schema.pattern}`,
    schema.default === undefined ? undefined : `${JSON.stringify(schema.default)} unless told`,
    items && `of ${wordsOf(items)}`,
  ]
    .filter(Boolean)
    .join(', ');
}

/** The objects inside a value that have fields of their own. */
function insideOf({ items, anyOf, properties, patternProperties, required }: JsonSchema): Html[] {
  const others = [items, ...(anyOf ?? []), ...Object.values(patternProperties ?? {})];
  const inside = others.flatMap((one) => (one ? insideOf(one) : []));
  return properties ? [fieldsOf(properties, required ?? []), ...inside] : inside;
}

function fieldsOf(properties: NonNullable<JsonSchema['properties']>, required: readonly string[]): Html {
  const fields = Object.entries(properties).map(([name, schema]) => {
    const optional = !required.includes(name) && html` <em>optional</em>`;
    return html`<li><code>${name}</code>${optional} <span>${wordsOf(schema)}</span>${insideOf(schema)}</li> `;
  });
  return html`<ul class="fields">
    ${fields}
  </ul>`;
}

/** A schema of the contract in words, and as a list of its fields, one inside the other. */
export function describeSchema(schema: TSchema): Html {
  const known = schema as JsonSchema;
  const inside = insideOf(known);
  return known.properties
    ? html`${inside}`
    : html`<p class="value">${wordsOf(known)}</p>
        ${inside}`;
}
