import { type TObject, type TProperties, type TSchema, type TUnsafe, Type } from 'typebox';

/** An object that refuses unknown keys: what is not declared cannot be slipped in. */
export function record<P extends TProperties>(properties: P): TObject<P> {
  return Type.Object(properties, { additionalProperties: false });
}

/** One of some texts. */
export function oneOf<const T extends readonly string[]>(values: T): TUnsafe<T[number]> {
  return Type.Unsafe<T[number]>({ type: 'string', enum: [...values] });
}

/** The id of a thing of ours. */
export const id = Type.String({ minLength: 1, maxLength: 64, pattern: '^[A-Za-z0-9_-]+$' });
/** ISO 8601 in UTC. */
export const instant = Type.String({ format: 'date-time' });
/** A name that people give. */
export const name = Type.String({ minLength: 1, maxLength: 200 });
/** Values of a pane, by field id. They are checked against the connector's fields; a secret is never answered. */
export const paneValues = Type.Record(Type.String(), Type.Unknown());

/** A call about one thing. */
export const byId = record({ id });

/** Which page of a list: `after` is the `next` of the page before. */
export const paging = {
  after: Type.Optional(Type.String({ maxLength: 200 })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 })),
};

/** A page of a list; without `next` it is the last one. */
export function pageOf<T extends TSchema>(item: T) {
  return record({ items: Type.Array(item), next: Type.Optional(Type.String()) });
}

/** An answer without content. */
export const nothing = Type.Null();

/** What every refused call is answered with (RFC 9457), `application/problem+json`. */
export const problem = record({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  code: Type.String(),
  detail: Type.String(),
  remedy: Type.Optional(Type.String()),
  /** Places in the body or query that are wrong, as paths such as `details.filename`. */
  errors: Type.Optional(Type.Array(record({ path: Type.String(), message: Type.String() }))),
});
