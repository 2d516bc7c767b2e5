import assert from 'node:assert/strict';
import { bothWays as test } from '../../test/both-ways.ts';
import { BSON, Decimal128, Double, Long } from 'bson';
import * as fc from 'fast-check';
import {
  KEEP,
  assertBson,
  assertRefused,
  bsonOf,
  columnsOf,
  csvOf,
  encoded,
  jsonOf,
} from '../../test/encode-csv.ts';

test('LONG: the limits of 64 bits, and nothing beyond', async () => {
  for (const cell of ['0', '-0', '-1', '007', '+5', '4294967295', '-4294967296', '9007199254740993'])
    await assertBson('LONG', cell, Long.fromString(String(BigInt(cell.replace('+', '')))));
  await assertBson('LONG', '9223372036854775807', Long.MAX_VALUE);
  await assertBson('LONG', '-9223372036854775808', Long.MIN_VALUE);
  for (const cell of [
    '9223372036854775808',
    '-9223372036854775809',
    '99999999999999999999',
    '1.0',
    '1e3',
    ' 1',
    '-',
    'x',
  ])
    await assertRefused('LONG', cell, /is not a whole number of 64 bits/);
});

test('LONG: every 64-bit number equals that of the bson package', async () => {
  const numbers = fc.array(
    fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.maxSafeInteger().map(BigInt)),
  );
  const property = fc.asyncProperty(numbers, async (values) => {
    const csv = csvOf(
      columnsOf('LONG'),
      values.map((value) => [String(value)]),
    );
    const { documents } = await encoded(csv, columnsOf('LONG'), 'bson');
    const expected = values.map((value) => Buffer.from(BSON.serialize({ c0: Long.fromBigInt(value) })));
    assert.deepEqual(
      documents.map((bytes) => Buffer.from(bytes)),
      expected,
    );
  });
  await fc.assert(property);
});

test('DOUBLE: exact at -0, denormals, 17 digits and halfway cases; texts and overflow are refused', async () => {
  const cells = [
    '-0',
    '-0.0',
    '5e-324',
    '2.2250738585072011e-308',
    '1.7976931348623157e308',
    '0.1',
    '1.',
    '.5',
    '+1E+2',
  ];
  for (const cell of [
    ...cells,
    '9007199254740993',
    '1e23',
    '123456789012345678901234567890',
    '0.000001',
    '00.50',
  ])
    await assertBson('DOUBLE', cell, new Double(Number(cell)));
  for (const cell of ['NaN', 'Infinity', '-inf', '1e309', '1e-400', '.', 'e5', '1e', '0x10', '1_000', '1 '])
    await assertRefused('DOUBLE', cell, /is not a number that a double can hold/);
});

test('DOUBLE: every double, and every text of digits, equals Number()', async () => {
  const texts = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
    fc.stringMatching(/^-?[0-9]{1,25}(\.[0-9]{0,25})?(e[+-]?[0-9]{1,2})?$/),
  );
  const property = fc.asyncProperty(texts, async (text) =>
    assertBson('DOUBLE', text, new Double(Number(text))),
  );
  await fc.assert(property, { numRuns: 1000 });
});

test('DECIMAL: 34 digits, the scale as written, the exponents to their ends', async () => {
  const digits = '1234567890123456789012345678901234';
  const cells = [
    '0',
    '-0',
    '-0.00',
    '1.50',
    '0.000',
    '1e6111',
    '1e6144',
    '1e-6176',
    '10e-6177',
    '0e7000',
    '0e-7000',
    '.5',
  ];
  for (const cell of [
    ...cells,
    digits,
    `-${digits}`,
    `0.${digits}`,
    `${'0'.repeat(40)}1`,
    `1${'0'.repeat(34)}`,
  ])
    await assertBson('DECIMAL', cell, Decimal128.fromString(cell));
  for (const cell of [`${digits}5`, `0.${digits}5`, '1e6145', '1e-6177', 'NaN', 'Infinity', '1.2.3'])
    await assertRefused('DECIMAL', cell, /is not a number of at most 34 digits/);
});

test('DECIMAL: every text of digits equals that of the bson package, or is refused like there', async () => {
  const texts = fc.stringMatching(/^-?[0-9]{1,20}(\.[0-9]{1,18})?(e[+-]?[0-9]{1,4})?$/);
  const property = fc.asyncProperty(texts, async (text) => {
    let value: Decimal128;
    try {
      value = Decimal128.fromString(text);
    } catch {
      await assertRefused('DECIMAL', text, /DECIMAL/);
      return;
    }
    await assertBson('DECIMAL', text, value);
  });
  await fc.assert(property, { numRuns: 1000 });
});

test('DATE and DATETIME: leap days, the first and the last year, zones', async () => {
  for (const cell of ['0001-01-01', '9999-12-31', '2000-02-29', '2024-02-29', '1969-12-31', '1900-02-28'])
    await assertBson('DATE', cell, new Date(`${cell}T00:00:00Z`));
  const offsets = [
    '2024-03-01T01:30:00+05:30',
    '2024-02-29T23:59:59.999-11',
    '0001-01-01T05:00:00+05:00',
    '2024-03-01 01:30:00+0530',
  ];
  const values = [
    '2024-02-29T20:00:00Z',
    '2024-03-01T10:59:59.999Z',
    '0001-01-01T00:00:00Z',
    '2024-02-29T20:00:00Z',
  ];
  for (const [i, cell] of offsets.entries()) await assertBson('DATETIME', cell, new Date(values[i]!));
  for (const cell of ['9999-12-31T23:59:59.999Z', '2024-01-01 00:00:00', '2024-01-01T12:00:00.5'])
    await assertBson('DATETIME', cell, new Date(`${cell.replace(' ', 'T').replace('Z', '')}Z`));
  await assertBson('DATETIME', '2024-01-02', new Date('2024-01-02'));
});

test('dates that do not exist are refused', async () => {
  for (const cell of [
    '1900-02-29',
    '2023-02-29',
    '2024-04-31',
    '2024-13-01',
    '2024-00-01',
    '2024-01-00',
    '0000-01-01',
    '10000-01-01',
  ])
    await assertRefused('DATE', cell, /is not a date yyyy-MM-dd/);
  for (const cell of [
    '2024-1-1',
    '2024-01-01T00:00:00',
    '01/02/2024',
    '-001-01-01',
    '2024-01+02',
    '2024+01-02',
  ])
    await assertRefused('DATE', cell, /DATE/);
  const times = [
    '24:00:00',
    '23:60:00',
    '23:59:60',
    '12:00',
    '12:00:00.',
    '12:00:00z',
    '12:00:00+24:00',
    '12:00:00+5',
    '12:00:00+05:3',
    '12:00:00+053',
    '12;00:00',
    '12:00800',
  ];
  for (const time of times) await assertRefused('DATETIME', `2024-01-01T${time}`, /is not a date and time/);
  for (const cell of ['0001-01-01T00:00:00+01:00', '9999-12-31T23:59:59-01:00', '2024-01-01x00:00:00'])
    await assertRefused('DATETIME', cell, /is not a date and time/);
});

test('DATE: every day and every millisecond equals that of Date', async () => {
  const dates = fc.date({
    min: new Date('0001-01-01'),
    max: new Date('9999-12-31T23:59:59.999Z'),
    noInvalidDate: true,
  });
  const property = fc.asyncProperty(dates, async (date) => {
    const iso = date.toISOString();
    await assertBson('DATETIME', iso, date);
    await assertBson('DATE', iso.slice(0, 10), new Date(iso.slice(0, 10)));
  });
  await fc.assert(property, { numRuns: 500 });
});

test('digits below a millisecond are cut and counted, or refused when strict; JSON keeps them', async () => {
  await assertBson('DATETIME', '1969-12-31T23:59:59.9999', new Date('1969-12-31T23:59:59.999Z'));
  assert.equal((await bsonOf('DATETIME', '2024-01-01T00:00:00.123456')).truncated, 1);
  assert.equal((await bsonOf('DATETIME', '2024-01-01T00:00:00.123000')).truncated, 0);
  const strict = { ...KEEP, strict: true };
  assert.match(
    (await bsonOf('DATETIME', '2024-01-01T00:00:00.1234', strict)).reason ?? '',
    /digits below a millisecond/,
  );
  assert.equal((await bsonOf('DATETIME', '2024-01-01T00:00:00.123000', strict)).reason, undefined);
  assert.equal(
    await jsonOf('DATETIME', '2024-01-01 01:00:00.123456+01:00', strict),
    '{"c0":"2024-01-01T00:00:00.123456Z"}\n',
  );
});

test('TIME and BOOLEAN', async () => {
  await assertBson('TIME', '23:59:59.123456', '23:59:59.123456');
  for (const cell of ['24:00:00', '1:00:00', '12:00', 'noon'])
    await assertRefused('TIME', cell, /is not a time of day/);
  await assertBson('BOOLEAN', 'true', true);
  await assertBson('BOOLEAN', 'False', false);
  for (const cell of ['1', 'yes', 't', 'truee']) await assertRefused('BOOLEAN', cell, /is not true or false/);
});
