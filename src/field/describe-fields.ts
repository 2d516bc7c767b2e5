import type { Field, Fields } from './field.ts';

/** One line of the table that the command line and the docs print. */
export interface FieldDescription {
  readonly id: string;
  readonly label: string;
  readonly type: Field['type'];
  readonly required: boolean;
  readonly default: string | number | boolean | undefined;
  readonly help: string;
  /** One of our own extras, under "More options". */
  readonly more: boolean;
  /** Ids of a choice, and how each is shown. */
  readonly choices: Readonly<Record<string, string>> | undefined;
  readonly when: Field['when'];
}

/** The default of a field, if its type has one. */
export function defaultOf(field: Field): string | number | boolean | undefined {
  return 'default' in field ? field.default : undefined;
}

/** A record of fields as rows for a table, in the order of the pane. */
export function describeFields(fields: Fields): FieldDescription[] {
  return Object.entries(fields).map(([id, field]) => ({
    id,
    label: field.label,
    type: field.type,
    required: field.required === true && field.sharedWith === undefined,
    default: defaultOf(field),
    help: field.help,
    more: field.more === true,
    choices: field.type === 'choice' ? field.choices : undefined,
    when: field.when,
  }));
}
