import * as fc from 'fast-check';
import type { ColumnType } from '../../src/dataset/dataset.ts';

const digits = (least: number, most: number) => fc.stringMatching(new RegExp(`^[0-9]{${least},${most}}$`));
const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.integer().map(String),
  fc.stringMatching(/^[+-]?[0-9]{0,40}\.?[0-9]{0,40}([eE][+-]?[0-9]{1,5})?$/),
  fc.stringMatching(/^-?[0-9]{1,5}\.[0-9]{1,4}$/),
  fc.stringMatching(/^0{0,3}[0-9]{15,18}\.[0-9]{15,18}0{0,3}$/),
  fc.stringMatching(/^[0-9]{1,4}\.?[0-9]{0,4}e[+-]?[23][0-9]{2}$/),
  fc.stringMatching(/^[0-9]{14,20}e-?[0-9]{1,2}$/),
  fc.constantFrom(
    '1e309',
    '-1e-400',
    '.',
    '5e-324',
    '1.7976931348623157e308',
    '0e9999',
    '9007199254740993',
    '1e6144',
    '10e-6177',
  ),
);
const long = fc.oneof(
  fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }).map(String),
  fc.tuple(fc.constantFrom('', '-', '+'), digits(1, 21)).map(([sign, text]) => sign + text),
  fc.constantFrom(
    '9223372036854775807',
    '9223372036854775808',
    '-9223372036854775808',
    '-9223372036854775809',
    '-0',
    '+',
    '1.0',
  ),
);
const two = (limit: number) =>
  fc.integer({ min: 0, max: limit }).map((value) => String(value).padStart(2, '0'));
const date = fc.oneof(
  fc
    .date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
    .map((day) => day.toISOString().slice(0, 10)),
  fc.tuple(digits(4, 4), two(13), two(32)).map((parts) => parts.join('-')),
  fc.constantFrom(
    '0001-01-01',
    '9999-12-31',
    '1900-02-29',
    '2000-02-29',
    '2024-1-01',
    '2024-01+02',
    '2024+01-02',
    '2024-01-0+',
  ),
);
const time = fc
  .tuple(
    two(24),
    two(60),
    two(60),
    fc.oneof(
      fc.constantFrom('', '.', '.5', '.123', '.123000'),
      digits(1, 9).map((text) => `.${text}`),
    ),
  )
  .map(([hour, minute, second, fraction]) => `${hour}:${minute}:${second}${fraction}`);
const zone = fc.oneof(
  fc.constantFrom(
    '',
    'Z',
    'z',
    '+00',
    '-00:00',
    '+5',
    '+05:3',
    '+053',
    '-5:30',
    '+0530',
    '+05:30',
    '-11',
    '+24:00',
    '-0060',
  ),
  fc.tuple(two(24), two(60)).map(([hours, minutes]) => `-${hours}:${minutes}`),
);
const dateTime = fc
  .tuple(date, fc.constantFrom('T', ' ', 'T', 'x'), time, zone)
  .map(([day, between, clock, ahead]) => `${day}${between}${clock}${ahead}`);
const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.stringMatching(/^[",\r\n\\\t a]{0,40}$/),
  fc.stringMatching(/^[a-z ]{0,200}$/),
  fc.string({
    unit: fc.constantFrom(...Array.from({ length: 31 }, (_, i) => String.fromCharCode(i + 1)), '"', 'é', 'x'),
  }),
);
const boolean = fc.constantFrom('true', 'false', 'TRUE', 'False', 'falsy', 'tru', 'T\u0012UE', '1');
const cellsOf: Readonly<Record<ColumnType, fc.Arbitrary<string>>> = {
  STRING: text,
  LONG: long,
  DOUBLE: number,
  DECIMAL: number,
  DATE: date,
  DATETIME: fc.oneof(dateTime, date),
  TIME: time,
  BOOLEAN: boolean,
};

/** A value as a cell, in quotes where it must be and sometimes where it need not. */
const cellOf = (type: ColumnType) =>
  fc
    .tuple(
      fc.oneof(
        { weight: 12, arbitrary: cellsOf[type] },
        { weight: 2, arbitrary: fc.constantFrom('', '\\N') },
        { weight: 1, arbitrary: text },
      ),
      fc.boolean(),
    )
    .map(([value, quoted]) => {
      const written = value.replaceAll('\0', '');
      return quoted || /[",\r\n]/.test(written) ? `"${written.replaceAll('"', '""')}"` : written;
    });

/** All types of a column. */
export const types = Object.keys(cellsOf) as ColumnType[];
const name = fc.oneof(
  { weight: 19, arbitrary: fc.stringMatching(/^[a-z$._"é\\]{0,30}$/) },
  { weight: 1, arbitrary: fc.constant('_id') },
);
const fault = fc.constantFrom(
  '1\n',
  '1,2,3,4,5,6,7,8,9\n',
  'x"y,2\n',
  '"x"y,2\n',
  '1,2\r3,4\n',
  '\0,1\n',
  '\xff,1\n',
  '1,"2\n',
  '"',
  '\r',
  ',',
);

/** Columns and rows of all types, with values that are odd, wrong or null, sometimes with a record that breaks the rules. */
export const oddDataset = fc
  .uniqueArray(fc.record({ name, type: fc.constantFrom(...types) }), {
    minLength: 1,
    maxLength: 7,
    selector: (column) => column.name,
  })
  .chain((columns) =>
    fc.record({
      columns: fc.constant(columns),
      rows: fc.array(
        fc.tuple(
          fc.tuple(...columns.map(({ type }) => cellOf(type))),
          fc.constantFrom('\n', '\n', '\n', '\r\n', '\n\n', '\n\r\n'),
        ),
        { maxLength: 30 },
      ),
      project: fc.option(fc.shuffledSubarray(columns.map((_, place) => place)), { nil: undefined }),
      mark: fc.boolean(),
      cutEnd: fc.boolean(),
      wrong: fc.oneof(
        { weight: 5, arbitrary: fc.constant(undefined) },
        { weight: 1, arbitrary: fc.tuple(fc.nat(), fault) },
      ),
    }),
  );

/** All options of an encoder. */
export const oddOptions = fc.record(
  {
    nulls: fc.constantFrom('null', 'omit', 'empty'),
    fieldNames: fc.constantFrom('keep', 'replace'),
    strict: fc.boolean(),
    idPrefix: fc.uint8Array({ minLength: 7, maxLength: 7 }),
    append: fc.constantFrom(
      new Uint8Array(0),
      Buffer.from('0a78780a', 'hex'),
      new Uint8Array(300).fill(7),
      new Uint8Array(9000),
    ),
  },
  { requiredKeys: ['nulls', 'fieldNames', 'strict'] },
);
/** How a stream is cut into chunks and batches. */
export const oddCut = fc.record({
  cuts: fc.array(fc.nat(), { maxLength: 12 }),
  batchBytes: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.constant(100_000)),
  maxRows: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constant(100_000)),
});
