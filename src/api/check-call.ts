import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import type { Endpoint } from '../contract/endpoint.ts';
import { Refusal } from './problem.ts';

/** What came with a call, not yet checked. */
export interface RawCall {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

type Check = (value: unknown) => unknown;

/** `/details/filename` of JSON Pointer (RFC 6901) as `details.filename`. */
const pathOf = (pointer: string) =>
  pointer.slice(1).replaceAll('/', '.').replaceAll('~1', '/').replaceAll('~0', '~');

/** What PostgreSQL keeps in no text: NUL, and half of a pair of surrogates. */
const isUnkeepable = (text: string) => text.includes('\0') || !text.isWellFormed();

/** Deeper than anything that is meant; a body of brackets alone would fill the stack. */
const deepest = 50;

function refuseUnkeepable(value: unknown, path: string, depth = 0): void {
  if (depth > deepest)
    throw new Refusal(400, 'api-call-invalid', 'The values of the call are nested too deep.');
  if (typeof value === 'string' && isUnkeepable(value))
    throw new Refusal(400, 'api-call-invalid', `${path} has characters that are no text.`, {
      places: [{ path, message: 'has characters that are no text' }],
    });
  if (value === null || typeof value !== 'object') return;
  for (const [key, inner] of Object.entries(value)) {
    refuseUnkeepable(key, path, depth);
    refuseUnkeepable(inner, path === '' ? key : `${path}.${key}`, depth + 1);
  }
}

/** Compiled when it is needed first: all schemas of the contract would take 0.1 s of every start. */
function compiledLater<T extends TSchema>(schema: T) {
  let compiled: ReturnType<typeof Compile<T>> | undefined;
  return () => (compiled ??= Compile(schema));
}

/** Unknown keys are refused, never dropped. Texts become numbers and booleans only where all is text: in path and query. */
function checkOf(schema: TSchema | undefined, place: 'path' | 'query' | 'body'): Check {
  if (schema === undefined) return () => undefined;
  const compiledSchema = compiledLater(schema);
  return (given) => {
    const compiled = compiledSchema();
    const value = compiled.Default(place === 'body' ? given : compiled.Convert(given));
    refuseUnkeepable(value, '');
    if (compiled.Check(value)) return value;
    const places = [...compiled.Errors(value)]
      .filter(({ keyword }) => keyword !== 'additionalProperties')
      .map(({ instancePath, keyword, message }) => ({
        path: pathOf(instancePath),
        message: keyword === 'boolean' ? 'is not known here' : message,
      }));
    const where = places.map(({ path, message }) => `${path || place} ${message}`).join('; ');
    throw new Refusal(400, 'api-call-invalid', `The ${place} of the call is wrong: ${where}.`, { places });
  };
}

/** Checks calls of an endpoint against its schemas; throws Refusal 400 that names the places. */
export function checkerOf({ params, query, body }: Endpoint): (call: RawCall) => RawCall {
  const [checkParams, checkQuery, checkBody] = [
    checkOf(params, 'path'),
    checkOf(query, 'query'),
    checkOf(body, 'body'),
  ];
  return (call) => ({
    params: checkParams(call.params),
    query: checkQuery(call.query),
    // A call without a body says what an empty one says: nothing, where all of it is optional.
    body: checkBody(call.body === undefined ? {} : call.body),
  });
}

/** Leaves of an answer only what its schema declares, so that no column of the database slips out. */
export function cleanerOf({ answer }: Endpoint): (value: unknown) => unknown {
  const compiled = compiledLater(answer);
  return (value) => compiled().Clean(structuredClone(value));
}
