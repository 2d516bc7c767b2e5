import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UserError } from '../errors.ts';
import { type CsvOptions, canonicalDialect, dialectOf, isCanonical } from './csv-dialect.ts';

const options: CsvOptions = {
  ...canonicalDialect,
  fileFormat: 'csv',
  delimiter: undefined,
  escape: undefined,
};

describe('a dialect', () => {
  test('of the defaults is the canonical one', () => {
    assert.deepEqual(dialectOf(options), canonicalDialect);
    assert.equal(isCanonical(dialectOf(options)), true);
  });

  test('of TSV has a tab, unless another delimiter is told', () => {
    assert.equal(dialectOf({ ...options, fileFormat: 'tsv' }).delimiter, '\t');
    assert.equal(dialectOf({ ...options, fileFormat: 'tsv', delimiter: '|' }).delimiter, '|');
  });

  test('may name the tab', () => {
    for (const delimiter of ['\t', '\\t', 'tab', 'TAB']) {
      assert.equal(dialectOf({ ...options, delimiter }).delimiter, '\t');
    }
  });

  test('may have characters beyond ASCII', () => {
    const dialect = dialectOf({ ...options, delimiter: '¦', quote: 'þ', encoding: 'windows1252' });
    assert.deepEqual([dialect.delimiter, dialect.quote, dialect.escape], ['¦', 'þ', 'þ']);
    assert.equal(dialectOf({ ...options, delimiter: '😀' }).delimiter, '😀');
  });

  test('is not canonical when anything is spelled otherwise', () => {
    const changes: Partial<CsvOptions>[] = [
      { delimiter: ';' },
      { quote: "'" },
      { escape: '\\' },
      { lineEnding: 'lf' },
      { lineEnding: 'crlf' },
      { header: false },
      { nullText: 'NULL' },
      { encoding: 'utf16le' },
      { encoding: 'windows1252' },
      { byteOrderMark: true },
      { formulaGuard: true },
    ];
    for (const change of changes) {
      assert.equal(isCanonical(dialectOf({ ...options, ...change })), false, JSON.stringify(change));
    }
    assert.equal(isCanonical(dialectOf(options, true)), false);
    assert.equal(isCanonical(dialectOf({ ...options, unmappable: 'replace' })), true);
  });

  const wrong: [string, Partial<CsvOptions>, boolean?][] = [
    ['delimiter', { delimiter: '' }],
    ['delimiter', { delimiter: '||' }],
    ['delimiter', { delimiter: '\n' }],
    ['delimiter', { delimiter: '\r' }],
    ['delimiter', { delimiter: '\0' }],
    ['delimiter', { delimiter: '\ud800' }],
    ['quote', { quote: '' }],
    ['quote', { quote: '""' }],
    ['quote', { quote: ',' }],
    ['quote', { quote: '\n' }],
    ['quote', { delimiter: '"' }],
    ['escape', { escape: '' }],
    ['escape', { escape: ',' }],
    ['escape', { escape: '\\\\' }],
    ['nullText', { nullText: 'a,b' }],
    ['nullText', { nullText: '"' }],
    ['nullText', { nullText: 'a\nb' }],
    ['nullText', { nullText: 'a\tb', fileFormat: 'tsv' }],
    ['byteOrderMark', { encoding: 'windows1252', byteOrderMark: true }],
    ['delimiter', { encoding: 'windows1252', delimiter: '☃' }],
    ['nullText', { encoding: 'windows1252', nullText: '∅' }],
    ['delimiter', { encoding: 'windows1252', delimiter: '?', unmappable: 'replace' }],
    ['formulaGuard', { formulaGuard: true, quote: "'" }],
    ['formulaGuard', { formulaGuard: true, nullText: "'=" }],
    ['nullText', { nullText: '#N/A' }, true],
    ['delimiter', { delimiter: '#' }, true],
    ['quote', { quote: '#' }, true],
  ];
  for (const [field, change, hash] of wrong) {
    test(`${JSON.stringify(change)} is refused at ${field}`, () => {
      assert.throws(
        () => dialectOf({ ...options, ...change }, hash),
        (error: unknown) =>
          error instanceof UserError && error.code === 'csv-dialect' && error.field === field,
      );
    });
  }
});
