import { UserError } from '../errors.ts';
import type { ChoiceField, Field, NumberField, SecretField, TextField } from './field.ts';
import { nearest } from './nearest.ts';

type Refuse = (why: string, remedy?: string) => UserError;

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a group of fields';
  return `a ${typeof value}`;
}

/** YAML reads `0123`, `1e5` and `yes` in ways of its own; quotes keep what was typed. */
function textOf(value: unknown, refuse: Refuse): string {
  if (typeof value === 'string') return value;
  const scalar = typeof value === 'number' || typeof value === 'boolean';
  throw refuse(`must be text, not ${kindOf(value)}`, scalar ? 'Put quotes around the value.' : undefined);
}

function listOf(value: unknown, refuse: Refuse): string {
  if (!Array.isArray(value)) return textOf(value, refuse);
  const entries = value.map((entry) => textOf(entry, refuse));
  if (entries.some((entry) => /[\r\n]/.test(entry))) throw refuse('has an entry of several lines');
  return entries.join('\n');
}

function checkText(field: TextField, value: unknown, refuse: Refuse): string {
  if (field.list) return listOf(value, refuse);
  const text = textOf(value, refuse);
  if (!field.multiline && /[\r\n]/.test(text)) throw refuse('must be one line');
  return text;
}

/** The last line end of a secret that is one line is the file's, not the secret's. The value is never told. */
function checkSecret(field: SecretField, value: unknown, refuse: Refuse): string {
  const text = textOf(value, refuse);
  if (field.multiline) return text;
  const line = text.replace(/\r?\n$/, '');
  if (/[\r\n]/.test(line)) throw refuse('must be one line');
  return line;
}

function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  const exact = typeof value === 'string' && /^-?(0|[1-9]\d*)(\.\d+)?$/.test(value);
  return exact ? Number(value) : undefined;
}

function checkNumber(field: NumberField, value: unknown, refuse: Refuse): number {
  const number = numberOf(value);
  if (number === undefined || !Number.isFinite(number)) throw refuse('must be a number');
  if (!field.fraction && !Number.isSafeInteger(number)) throw refuse('must be a whole number');
  const { minimum = -Infinity, maximum = Infinity } = field;
  if (number < minimum) throw refuse(`must be at least ${minimum}`);
  if (number > maximum) throw refuse(`must be at most ${maximum}`);
  return number;
}

function checkBoolean(value: unknown, refuse: Refuse): boolean {
  if (value === true || value === 'true') return true;
  if (value === false || value === 'false') return false;
  throw refuse('must be true or false');
}

function checkChoice({ choices }: ChoiceField, value: unknown, refuse: Refuse): string {
  const text = textOf(value, refuse);
  if (Object.hasOwn(choices, text)) return text;
  const wanted = text.trim().toLowerCase();
  const same = (name: string) => name.toLowerCase() === wanted;
  const found = Object.entries(choices).find(([id, label]) => same(label) || same(id));
  if (found) return found[0];
  const near = nearest(text, Object.keys(choices));
  const guess = near === undefined ? '' : ` Did you mean "${near}"?`;
  throw refuse(`has no choice "${text}"`, `Choose one of: ${Object.keys(choices).join(', ')}.${guess}`);
}

/** One given value, checked against its field. Throws UserError `field-invalid`. */
export function checkValue(id: string, field: Field, value: unknown): string | number | boolean {
  const refuse: Refuse = (why, remedy) =>
    new UserError('field-invalid', `"${field.label}" ${why}.`, { field: id, remedy: remedy ?? field.help });
  if (field.type === 'text') return checkText(field, value, refuse);
  if (field.type === 'secret') return checkSecret(field, value, refuse);
  if (field.type === 'number') return checkNumber(field, value, refuse);
  if (field.type === 'boolean') return checkBoolean(value, refuse);
  if (field.type === 'choice') return checkChoice(field, value, refuse);
  return checkText({ ...field, type: 'text' }, value, refuse);
}
