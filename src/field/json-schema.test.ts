import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeFields } from './describe-fields.ts';
import { fields } from './field.ts';
import { jsonSchema } from './json-schema.ts';

const pane = fields({
  hostname: {
    type: 'text',
    label: 'Hostname',
    help: 'Where it is.',
    required: true,
    example: 'files.example.com',
  },
  port: {
    type: 'number',
    label: 'Port',
    help: 'A port.',
    minimum: 1,
    maximum: 65_535,
    default: 22,
    required: true,
  },
  ratio: { type: 'number', label: 'Ratio', help: 'A share.', fraction: true, more: true },
  secure: { type: 'boolean', label: 'Secure', help: 'Yes or no.', default: true },
  mode: {
    type: 'choice',
    label: 'Mode',
    help: 'How.',
    choices: { replace: 'Replace', upsert: 'Upsert' },
    default: 'replace',
  },
  keys: {
    type: 'text',
    label: 'Keys',
    help: 'Columns.',
    required: true,
    list: true,
    when: { mode: ['upsert'] },
  },
  base: { type: 'text', label: 'Base', help: 'B.', required: true, when: { mode: ['replace'] } },
  password: { type: 'secret', label: 'Password', help: 'Secret.', required: true },
  clientId: { type: 'text', label: 'Client ID', help: 'Domo.', required: true, sharedWith: 'clientId' },
});

const environment = '^\\$\\{[^}]+\\}$';

test('the JSON Schema says what the check wants', () => {
  assert.deepEqual(jsonSchema(pane), {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    properties: {
      hostname: {
        title: 'Hostname',
        description: 'Where it is.',
        type: 'string',
        examples: ['files.example.com'],
      },
      port: {
        title: 'Port',
        description: 'A port.',
        type: ['integer', 'string'],
        minimum: 1,
        maximum: 65_535,
        pattern: environment,
        default: 22,
      },
      ratio: { title: 'Ratio', description: 'A share.', type: ['number', 'string'], pattern: environment },
      secure: {
        title: 'Secure',
        description: 'Yes or no.',
        type: ['boolean', 'string'],
        pattern: environment,
        default: true,
      },
      mode: {
        title: 'Mode',
        description: 'How.',
        anyOf: [
          { const: 'replace', description: 'Replace' },
          { const: 'upsert', description: 'Upsert' },
          { type: 'string', pattern: environment },
        ],
        default: 'replace',
      },
      keys: { title: 'Keys', description: 'Columns.', type: ['string', 'array'], items: { type: 'string' } },
      base: { title: 'Base', description: 'B.', type: 'string' },
      password: {
        title: 'Password',
        description: 'Secret.',
        anyOf: [
          { type: 'string' },
          {
            type: 'object',
            properties: { file: { type: 'string' } },
            required: ['file'],
            additionalProperties: false,
          },
        ],
      },
      clientId: { title: 'Client ID', description: 'Domo.', type: 'string' },
    },
    required: ['hostname', 'password'],
    allOf: [
      // Without a mode the default is "replace": only a mode that is told asks for keys.
      {
        anyOf: [
          { not: { properties: { mode: { enum: ['upsert'] } }, required: ['mode'] } },
          { required: ['keys'] },
        ],
      },
      {
        anyOf: [
          { not: { properties: { mode: { enum: ['replace'] } }, required: [] } },
          { required: ['base'] },
        ],
      },
    ],
    additionalProperties: false,
  });
});

test('the schema is plain JSON, and has no conditions where there are none', () => {
  const schema = jsonSchema(pane);
  assert.deepEqual(JSON.parse(JSON.stringify(schema)), schema);
  assert.equal('allOf' in jsonSchema({ port: pane.port }), false);
});

test('the table has a row for each field, in order', () => {
  const rows = describeFields(pane);
  assert.deepEqual(
    rows.map((row) => row.id),
    Object.keys(pane),
  );
  assert.deepEqual(rows[0], {
    id: 'hostname',
    label: 'Hostname',
    type: 'text',
    required: true,
    default: undefined,
    help: 'Where it is.',
    more: false,
    choices: undefined,
    when: undefined,
  });
  assert.deepEqual(rows[4]?.choices, { replace: 'Replace', upsert: 'Upsert' });
  assert.deepEqual(rows[5]?.when, { mode: ['upsert'] });
  assert.equal(rows[2]?.more, true);
  assert.equal(rows[8]?.required, false);
});
