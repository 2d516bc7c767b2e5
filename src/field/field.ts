/**
 * One input on a pane, as plain data. Everything else (the TypeScript type, the check, the form, the JSON Schema,
 * the tables in the docs) is derived from a record of these; nothing is written twice.
 * The key of a field in its record is its id: the camelCase of its label (see `field-id.ts`).
 */
interface FieldBase {
  /** As the person reads it on the pane; for the seed's fields exactly the seed's label. */
  readonly label: string;
  /** One or two sentences. */
  readonly help: string;
  readonly required?: boolean;
  /** Shown, and required, only while another field of the same pane has one of these values. */
  readonly when?: Readonly<Record<string, readonly (string | boolean)[]>>;
  /** True for our own extras, which the pane shows folded under "More options". */
  readonly more?: boolean;
  /** The value is the source's (typed once under `source:` and shared). */
  readonly sharedWith?: 'clientId' | 'clientSecret' | 'datasetId';
  readonly example?: string;
  /**
   * Says where the secrets of the pane are sent, or to whom they are shown. Another value clears the saved secrets, so that
   * nobody can have them sent to a place of their own.
   */
  readonly place?: true;
}

/** One line of text, or many; `template` marks text in which names are rendered (`dataset/name-template.ts`). */
export interface TextField extends FieldBase {
  readonly type: 'text';
  readonly multiline?: boolean;
  readonly template?: boolean;
  readonly default?: string;
  /** Several lines or a YAML list are accepted; the value is one text with a line for each entry. */
  readonly list?: boolean;
}

/** Text that is never shown, logged or echoed. */
export interface SecretField extends FieldBase {
  readonly type: 'secret';
  readonly multiline?: boolean;
}

/** A number between `minimum` and `maximum`, whole unless `fraction`. */
export interface NumberField extends FieldBase {
  readonly type: 'number';
  readonly minimum?: number;
  readonly maximum?: number;
  readonly fraction?: boolean;
  readonly default?: number;
}

/** Yes or no. */
export interface BooleanField extends FieldBase {
  readonly type: 'boolean';
  readonly default?: boolean;
}

/** One of a fixed list. */
export interface ChoiceField extends FieldBase {
  readonly type: 'choice';
  readonly choices: Readonly<Record<string, string>>;
  readonly default?: string;
}

/** One of a list that the far system tells; the connector's `options` function fetches it by the field's id. */
export interface FetchedField extends FieldBase {
  readonly type: 'fetched';
}

export type Field = TextField | SecretField | NumberField | BooleanField | ChoiceField | FetchedField;
export type Fields = Readonly<Record<string, Field>>;

type ValueOf<F extends Field> = F extends { type: 'number' }
  ? number
  : F extends { type: 'boolean' }
    ? boolean
    : F extends { type: 'choice'; choices: infer C }
      ? keyof C & string
      : string;

type AlwaysThere<F extends Field> = F extends { default: string | number | boolean }
  ? true
  : F extends { required: true }
    ? F extends { when: object }
      ? false
      : F extends { sharedWith: string }
        ? false
        : true
    : false;

/** The checked values of a record of fields: defaults filled in, optional ones `| undefined`. */
export type Values<F extends Fields> = {
  readonly [K in keyof F]: AlwaysThere<F[K]> extends true ? ValueOf<F[K]> : ValueOf<F[K]> | undefined;
};

/** Keeps the literal types of a record of fields, so that `Values` can be derived from it. */
export function fields<const F extends Fields>(record: F): F {
  return record;
}
