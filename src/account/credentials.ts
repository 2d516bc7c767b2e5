import { checkValues } from '../field/check.ts';
import type { Fields } from '../field/field.ts';

/** Values of a credentials pane, by field id. */
export type PaneValues = Readonly<Record<string, unknown>>;

/** Credentials as an account keeps them: what may be shown, and what is sealed. */
export interface Credentials {
  readonly plain: PaneValues;
  readonly secrets: Readonly<Record<string, string>>;
}

/** The fields that an account holds: those that are the source's stand in the source's own account. */
export function accountFields(credentials: Fields): Fields {
  return Object.fromEntries(
    Object.entries(credentials).filter(([, field]) => field.sharedWith === undefined),
  );
}

function split(fields: Fields, values: PaneValues): Credentials {
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  const isSecret = ([id]: [string, unknown]) => fields[id]?.type === 'secret';
  return {
    plain: Object.fromEntries(given.filter((entry) => !isSecret(entry))),
    secrets: Object.fromEntries(given.filter(isSecret)) as Record<string, string>,
  };
}

/** Checks what a person typed into an empty pane. Throws UserError `field-…` with the field. */
export function newCredentials(fields: Fields, typed: PaneValues): Credentials {
  return split(fields, checkValues(fields, typed, 'credentials'));
}

/**
 * Checks what a person changed: a field that is not sent stays as it was, null empties it. When a field that says where secrets
 * go gets another value, the saved secrets are gone and must be typed again. Throws UserError `field-…` with the field; a
 * secret that is missed now is among them.
 */
export function changedCredentials(fields: Fields, before: Credentials, typed: PaneValues): Credentials {
  const plain = { ...before.plain, ...split(fields, typed).plain };
  const after = newPlain(fields, plain);
  const moved = Object.entries(fields).some(
    ([id, { place }]) => place === true && JSON.stringify(after[id]) !== JSON.stringify(before.plain[id]),
  );
  const kept = moved ? {} : before.secrets;
  return newCredentials(fields, { ...plain, ...kept, ...split(fields, typed).secrets });
}

/** The plain values in their checked form, so that "22" typed anew is no other port than 22. */
function newPlain(fields: Fields, plain: PaneValues): PaneValues {
  const optional = Object.entries(fields).map(([id, field]) => [id, { ...field, required: false }]);
  return checkValues(Object.fromEntries(optional) as Fields, plain, 'credentials');
}
