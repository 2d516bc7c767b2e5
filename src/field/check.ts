import { UserError } from '../errors.ts';
import { checkValue } from './check-value.ts';
import { defaultOf } from './describe-fields.ts';
import { fieldId } from './field-id.ts';
import type { Field, Fields } from './field.ts';
import { nearest } from './nearest.ts';

/** The name of a pane, for sentences. */
export type Pane = 'credentials' | 'details' | 'schedule';

type Checked = Record<string, unknown>;

/**
 * Checks what a person typed (YAML, a form, the API) against the fields of a pane and fills in defaults; every id of `fields`
 * is a key of the result, so that it can be taken as `Values` of the fields. Optional text that is empty counts as not given.
 * Nothing is converted but numbers and booleans given as their exact text, lists (joined by newlines) and labels of choices.
 * Throws UserError `field-unknown`, `field-missing`, `field-invalid`, each with `field`: the plain id,
 * or none when it is the pane itself.
 */
export function checkValues(fields: Fields, values: unknown, pane: Pane): Checked {
  const given = recordOf(values, pane);
  for (const id of Object.keys(given)) if (!Object.hasOwn(fields, id)) throw unknownField(id, fields, pane);
  const checked: Checked = {};
  for (const [id, field] of Object.entries(fields))
    checked[id] = valueOf(id, field, given[id]) ?? defaultOf(field);
  for (const [id, field] of Object.entries(fields)) {
    if (checked[id] === undefined && isRequired(field, fields, checked)) throw missing(id, field, pane);
  }
  return checked;
}

function recordOf(values: unknown, pane: Pane): Checked {
  if (values === undefined || values === null) return {};
  if (typeof values === 'object' && !Array.isArray(values)) return values as Checked;
  throw new UserError(
    'field-invalid',
    `The ${pane} must be fields with values, each on a line "field: value".`,
  );
}

function valueOf(id: string, field: Field, value: unknown): unknown {
  if (value === undefined || value === null) return undefined;
  if (field.type === 'text' && field.list && Array.isArray(value) && value.length === 0) return undefined;
  // An emptied input of a form; where the default is a text, empty is a choice of its own.
  if (value === '' && !(field.type === 'text' && field.default !== undefined)) return undefined;
  return checkValue(id, field, value);
}

/** A field counts only while those that decide over it have the right values and count themselves. */
function isShown(field: Field, fields: Fields, checked: Checked): boolean {
  return Object.entries(field.when ?? {}).every(([other, values]) => {
    const decider = fields[other];
    const value = checked[other] as string | boolean;
    return decider !== undefined && values.includes(value) && isShown(decider, fields, checked);
  });
}

function isRequired(field: Field, fields: Fields, checked: Checked): boolean {
  return field.required === true && field.sharedWith === undefined && isShown(field, fields, checked);
}

function unknownField(id: string, fields: Fields, pane: Pane): UserError {
  const ids = Object.keys(fields);
  const near = ids.find((known) => known === fieldId(id)) ?? nearest(id, ids);
  const remedy = near === undefined ? `Known are: ${ids.join(', ')}.` : `Did you mean "${near}"?`;
  return new UserError('field-unknown', `There is no field "${id}" in the ${pane}.`, { field: id, remedy });
}

function missing(id: string, { label, help }: Field, pane: Pane): UserError {
  return new UserError('field-missing', `"${label}" is required in the ${pane}.`, {
    field: id,
    remedy: `Give "${id}" a value. ${help}`,
  });
}
