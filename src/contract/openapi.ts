import type { TObject } from 'typebox';
import { Check } from 'typebox/value';
import { contract } from './contract.ts';
import type { Endpoint } from './endpoint.ts';
import { problem } from './record.ts';
import { sessionCookie } from './sign-in.ts';

type Json = Readonly<Record<string, unknown>>;

/** What an answer of each format is sent as. */
export const contentTypes = {
  json: 'application/json',
  lines: 'text/event-stream',
  csv: 'text/csv',
} as const;

function parametersOf(place: 'path' | 'query', fields: TObject | undefined): Json[] {
  const required: readonly string[] = fields?.required ?? [];
  return Object.entries(fields?.properties ?? {}).map(([name, schema]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema,
  }));
}

const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'A repeated call with the same key gets the first answer.',
  schema: { type: 'string', maxLength: 200 },
};

function doneOf({ status, answer, format = 'json' }: Endpoint): Json {
  if (format === 'redirect')
    return { description: 'The browser is sent on.', headers: { Location: { schema: answer } } };
  const content = status === 204 ? {} : { content: { [contentTypes[format]]: { schema: answer } } };
  return { description: 'Done.', ...content };
}

function answersOf(endpoint: Endpoint): Json {
  return {
    [endpoint.status ?? 200]: doneOf(endpoint),
    default: {
      description: 'Refused; the problem says why.',
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    },
  };
}

function requestOf({ body, upload }: Endpoint): Json {
  const file = { schema: { type: 'string', format: 'binary' } };
  const content = upload
    ? Object.fromEntries(upload.map((type) => [type, file]))
    : body && { 'application/json': { schema: body } };
  // A call without a body is taken as one with an empty body.
  const required = body === undefined || !Check(body, {});
  return content ? { requestBody: { required, content } } : {};
}

function operationOf(operationId: string, endpoint: Endpoint): Json {
  const { params, query, permission, summary, idempotent } = endpoint;
  return {
    operationId,
    summary,
    'x-permission': permission,
    security: permission === 'anyone' ? [] : [{ session: [] }, { apiKey: [] }],
    parameters: [
      ...parametersOf('path', params),
      ...parametersOf('query', query),
      ...(idempotent ? [idempotencyKey] : []),
    ],
    ...requestOf(endpoint),
    responses: answersOf(endpoint),
  };
}

/** The API as an OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.1), derived from the contract. */
export function openApi(version: string): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const [name, endpoint] of Object.entries(contract) as [string, Endpoint][])
    (paths[`/api${endpoint.path}`] ??= {})[endpoint.method.toLowerCase()] = operationOf(name, endpoint);
  return {
    openapi: '3.1.1',
    info: { title: 'Writeback', version },
    paths,
    components: {
      schemas: { Problem: problem },
      securitySchemes: {
        session: { type: 'apiKey', in: 'cookie', name: sessionCookie },
        apiKey: { type: 'http', scheme: 'bearer' },
      },
    },
  };
}
