import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parse } from 'csv-parse/sync';
import * as fc from 'fast-check';
import { collect } from '../../test/collect.ts';
import { UserError } from '../errors.ts';
import { type CsvDialect, type CsvOptions, canonicalDialect, dialectOf } from './csv-dialect.ts';
import { headerBytes, headerRecord, writeCsv } from './csv-writer.ts';
import type { Column } from './dataset.ts';
import { recordBlocks } from './record-blocks.ts';

const text = (...names: string[]): Column[] => names.map((name) => ({ name, type: 'STRING' }));
const options: CsvOptions = {
  ...canonicalDialect,
  fileFormat: 'csv',
  delimiter: undefined,
  escape: undefined,
};

interface Written {
  readonly bytes: Buffer;
  readonly rejected: (readonly [number, string | undefined, string])[];
}

async function* chunksOf(bytes: Buffer, size: number) {
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
}

async function write(
  columns: Column[],
  rows: string,
  dialect: CsvDialect,
  blockBytes = 64,
): Promise<Written> {
  const rejected: (readonly [number, string | undefined, string])[] = [];
  const body = chunksOf(Buffer.concat([headerRecord(columns), Buffer.from(rows)]), 7);
  const blocks = recordBlocks(body, columns, { blockBytes });
  const parts = writeCsv(blocks, columns, dialect, (row, reason, column) =>
    rejected.push([row, column, reason]),
  );
  return { bytes: await collect(parts), rejected };
}

async function written(change: Partial<CsvOptions>, rows: string, columns = text('a', 'b'), hash = false) {
  const { bytes } = await write(columns, rows, dialectOf({ ...options, ...change }, hash));
  return bytes.toString();
}

describe('the CSV writer', () => {
  test('canonical records stay what they are', async () => {
    const rows = 'x,y\n"",\n"a,b","say ""hi"""\r\nä,"two\r\nlines"\n';
    assert.equal(await written({}, rows), `a,b\n${rows}`);
  });

  test('an empty text and null stay apart', async () => {
    assert.equal(await written({ header: false, delimiter: ';' }, ',""\n\\N,"\\N"\n'), ';""\n;"\\N"\n');
  });

  test('null text stands for null; a text that equals it is quoted', async () => {
    const rows = ',NULL\n"",\\N\n"NULL",NULLS\n';
    assert.equal(
      await written({ header: false, nullText: 'NULL' }, rows),
      'NULL,"NULL"\n"",NULL\n"NULL",NULLS\n',
    );
  });

  test('an empty quoted cell is null where the column is not text', async () => {
    const columns: Column[] = [...text('a'), { name: 'n', type: 'LONG' }];
    assert.equal(await written({ header: false, nullText: 'NULL' }, '"",""\n', columns), '"",NULL\n');
  });

  test('only what needs quotes gets them', async () => {
    assert.equal(await written({ delimiter: ';' }, 'a;b,c\n"d,e",f\n'), 'a;b\n"a;b";c\n"d,e";f\n');
    assert.equal(await written({ quote: "'" }, 'it\'s,"say ""hi"""\n'), "a,b\n'it''s','say \"hi\"'\n");
    assert.equal(await written({ escape: '\\' }, 'a\\b,"say ""hi"""\n'), 'a,b\n"a\\\\b","say \\"hi\\""\n');
    assert.equal(await written({ fileFormat: 'tsv' }, 'a\tb,c\n'), 'a\tb\n"a\tb"\tc\n');
  });

  test('characters beyond ASCII delimit and quote', async () => {
    assert.equal(
      await written({ delimiter: '¦', quote: 'þ' }, 'a¦þ,"x""y"\n§,¤\n'),
      'a¦b\nþa¦þþþ¦þx"yþ\n§¦¤\n',
    );
  });

  test('line ends change at the end of records, never inside cells', async () => {
    const rows = 'x,"a\nb"\r\ny,"c\r\nd"\nz,\n';
    assert.equal(await written({ lineEnding: 'crlf' }, rows), 'a,b\r\nx,"a\nb"\r\ny,"c\r\nd"\r\nz,\r\n');
    assert.equal(await written({ lineEnding: 'lf' }, rows), 'a,b\nx,"a\nb"\ny,"c\r\nd"\nz,\n');
  });

  test('as received: the header ends as the first record, the last record as the one before', async () => {
    assert.equal(await written({ delimiter: ';' }, 'x,y\r\nz,"w"'), 'a;b\r\nx;y\r\nz;"w"\r\n');
    assert.equal(await written({ delimiter: ';' }, 'x,y'), 'a;b\nx;y\n');
  });

  test('blank lines are left out, but are rows where there is one column', async () => {
    assert.equal(await written({ header: false, delimiter: ';' }, '\nx,y\n\r\n\nz,w\n\n'), 'x;y\nz;w\n');
    assert.equal(await written({ header: false, nullText: '-' }, 'x\n\ny\n', text('a')), 'x\n-\ny\n');
  });

  test('a DataSet without rows gives the header, or nothing', async () => {
    assert.equal(await written({ lineEnding: 'crlf' }, ''), 'a,b\r\n');
    assert.equal(await written({ header: false }, ''), '');
    assert.equal(await written({ header: false, byteOrderMark: true }, ''), '\ufeff');
  });

  test('the formula guard stands before formulas, in the header too, and never before numbers', async () => {
    const rows = '=1+1,-5\n"-2+3","+1.5e3"\n"@x ""y""",\n"\t=1",-\n';
    const expected = `"'=a",b\n"'=1+1",-5\n"'-2+3","+1.5e3"\n"'@x ""y""",\n"'\t=1","'-"\n`;
    assert.equal(await written({ formulaGuard: true }, rows, text('=a', 'b')), expected);
    assert.equal(await written({}, rows, text('=a', 'b')), `=a,b\n${rows}`);
  });

  test('a first cell that begins with # is quoted, others are not', async () => {
    assert.equal(
      await written({}, '#x,#y\n"#z",\n,#w\n', text('#a', '#b'), true),
      '"#a",#b\n"#x",#y\n"#z",\n,#w\n',
    );
  });

  test('names of columns are quoted when they need it', () => {
    const columns = text('a,b', '', '\\N', 'x;y', 'say "hi"', 'two\nlines');
    assert.equal(headerRecord(columns).toString(), '"a,b","","\\N",x;y,"say ""hi""","two\nlines"\n');
    const semicolon = dialectOf({ ...options, delimiter: ';', lineEnding: 'crlf' });
    assert.equal(
      headerBytes(columns, semicolon).toString(),
      '"a,b";"";"\\N";"x;y";"say ""hi""";"two\nlines"\r\n',
    );
  });

  test('the byte order mark comes first', async () => {
    assert.equal(await written({ byteOrderMark: true }, 'x,y\n'), '\ufeffa,b\nx,y\n');
    const { bytes } = await write(
      text('a'),
      'ä\n',
      dialectOf({ ...options, encoding: 'utf16le', byteOrderMark: true }),
    );
    assert.deepEqual(bytes, Buffer.from('\ufeffa\nä\n', 'utf16le'));
  });
});

describe('Windows-1252', () => {
  const dialect = dialectOf({ ...options, encoding: 'windows1252' });
  const rows = 'Müller,1 €\n☃,x\ny,"😀 ☃"\n"–",\n';

  test('rows that do not fit are reported with their column and left out', async () => {
    const { bytes, rejected } = await write(text('a', 'b'), rows, dialect, 16);
    assert.equal(new TextDecoder('windows-1252').decode(bytes), 'a,b\nMüller,1 €\n"–",\n');
    assert.deepEqual(rejected, [
      [2, 'a', 'Windows-1252 has no character "☃" (U+2603).'],
      [3, 'b', 'Windows-1252 has no character "😀" (U+1F600).'],
    ]);
  });

  test('or they get question marks', async () => {
    const { bytes, rejected } = await write(text('a', 'b☃'), rows, { ...dialect, unmappable: 'replace' });
    assert.equal(new TextDecoder('windows-1252').decode(bytes), 'a,b?\nMüller,1 €\n?,x\ny,"? ?"\n"–",\n');
    assert.deepEqual(rejected, []);
  });

  test('a column name that does not fit is refused before any row', async () => {
    await assert.rejects(
      write(text('a', '☃'), 'x,y\n', dialect),
      (error) => error instanceof UserError && error.code === 'csv-unmappable-header' && error.column === '☃',
    );
  });

  test('what the report of a row throws ends the file', async () => {
    const blocks = recordBlocks(chunksOf(Buffer.from(`a,b\n${rows}`), 9), text('a', 'b'), { blockBytes: 64 });
    const stop = new Error('too many');
    const pull = async () => {
      for await (const part of writeCsv(blocks, text('a', 'b'), dialect, () => {
        throw stop;
      }))
        assert.ok(part);
    };
    await assert.rejects(pull, (error) => error === stop);
  });
});

test('records that begin with # are quoted, whether or not it is known where cells lie', async () => {
  const rows = '#a,1\n"x\n#y",#2\nplain,#3\n\r\n# b,4\r\nlast,5';
  const dialect = dialectOf(options, true);
  for (const blockBytes of [8, 64, 1000]) {
    for (const countOnly of [false, true]) {
      const body = chunksOf(Buffer.from(`a,b\n${rows}`), 7);
      const blocks = recordBlocks(body, text('a', 'b'), { blockBytes, countOnly });
      const bytes = await collect(writeCsv(blocks, text('a', 'b'), dialect, () => assert.fail()));
      const lines = bytes.toString().replaceAll('\r\n', '\n').replaceAll('\n\n', '\n');
      assert.equal(lines, 'a,b\n"#a",1\n"x\n#y",#2\nplain,#3\n"# b",4\nlast,5\n');
    }
  }
});

/** One canonical cell and its value. */
const cell = fc
  .oneof(
    { weight: 1, arbitrary: fc.constant(null) },
    {
      weight: 6,
      arbitrary: fc.string({
        unit: fc.constantFrom(...`a",;|\t'\\^#=-+1 .€äþ§😀\n\r`.split(/(?:)/u), '\r\n'),
        maxLength: 6,
      }),
    },
    { weight: 1, arbitrary: fc.constantFrom('NULL', '\\N', '-', '', '#', '=1', '-5') },
  )
  .chain((value) =>
    fc.boolean().map((quoted) => {
      if (value === null) return { value, raw: quoted ? '' : '\\N' };
      const must = quoted || value === '' || value === '\\N' || /[",\r\n]/.test(value);
      return { value, raw: must ? `"${value.replaceAll('"', '""')}"` : value };
    }),
  );

const dialects = fc.record({
  delimiter: fc.constantFrom(',', ';', '|', '\t', '§', 'a', '^'),
  quote: fc.constantFrom('"', "'", 'þ', '1'),
  escape: fc.constantFrom('"', '\\', undefined),
  lineEnding: fc.constantFrom('asReceived' as const, 'lf' as const, 'crlf' as const),
  header: fc.boolean(),
  nullText: fc.constantFrom('NULL', '-', '\\N', '<null>'),
  encoding: fc.constantFrom('utf8' as const, 'utf16le' as const),
  byteOrderMark: fc.boolean(),
});

test('csv-parse reads back what was written, in every dialect', async () => {
  const lineEnd = fc.constantFrom('\n', '\r\n');
  const table = fc.integer({ min: 1, max: 4 }).chain((width) =>
    fc.array(fc.tuple(fc.array(cell, { minLength: width, maxLength: width }), lineEnd), {
      minLength: 1,
      maxLength: 8,
    }),
  );
  await fc.assert(
    fc.asyncProperty(table, dialects, fc.boolean(), async (rows, change, hash) => {
      const columns = text(...(rows[0]?.[0] ?? []).map((_, index) => `col${index}`));
      // csv-parse tells quoted cells to `cast`, so that null can be told from a text that equals the null text.
      const dialect = dialectOf({ ...options, ...change }, hash);
      const raw = rows.map(([cells, end]) => cells.map((each) => each.raw).join(',') + end).join('');
      const { bytes } = await write(columns, raw, dialect, 40);
      const decoder = new TextDecoder(change.encoding === 'utf16le' ? 'utf-16le' : 'utf-8', {
        ignoreBOM: true,
      });
      const found = decoder.decode(bytes);
      assert.equal(found.startsWith('\ufeff'), change.byteOrderMark);
      const parsed = parse(change.byteOrderMark ? found.slice(1) : found, {
        delimiter: dialect.delimiter,
        quote: dialect.quote,
        escape: dialect.escape,
        record_delimiter: ['\r\n', '\n'],
        cast: (value, { quoting }) => (!quoting && value === dialect.nullText ? null : value),
      });
      const header = change.header ? [columns.map(({ name }) => name)] : [];
      assert.deepEqual(parsed, [...header, ...rows.map(([cells]) => cells.map((each) => each.value))]);
    }),
    { numRuns: 1000 },
  );
});
