import assert from 'node:assert/strict';
import { posix } from 'node:path';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { UserError } from '../errors.ts';
import { type NameContext, checkTemplate, hasPlaceholder, renderName, renderPath } from './name-template.ts';

const context: NameContext = {
  dataset: { id: '845305d8', name: 'Sales' },
  run: { id: 'r-1', number: 7, startedAt: new Date('2026-03-01T23:30:05Z') },
  timeZone: 'UTC',
};

function code(expected: string) {
  return (error: unknown) => error instanceof UserError && error.code === expected;
}

describe('names', () => {
  test('every placeholder is rendered', () => {
    const template =
      '{dataset.id} {dataset.name} {run.id} {run.number} {part} {yyyy}-{MM}-{dd}T{HH}:{mm}:{ss} <current_date>';
    const expected = '845305d8 Sales r-1 7 00012 2026-03-01T23:30:05 2026-03-01';
    assert.equal(renderName(template, { ...context, part: 12 }), expected);
  });

  test('a single file is part 1, and a part past 99,999 keeps all its digits', () => {
    assert.equal(renderName('{part}', context), '00001');
    assert.equal(renderName('{part}', { ...context, part: 1_234_567 }), '1234567');
  });

  test('the date is the one of the time zone', () => {
    assert.equal(
      renderName('<current_date> {HH}', { ...context, timeZone: 'Europe/Berlin' }),
      '2026-03-02 00',
    );
    assert.equal(
      renderName('<current_date> {HH}', { ...context, timeZone: 'America/Denver' }),
      '2026-03-01 16',
    );
  });

  test('an offset moves whole days, over months, leap days and years', () => {
    assert.equal(renderName('{yyyy-1}-{MM-1}-{dd-1}', context), '2026-02-28');
    assert.equal(renderName('{dd+2} {MM+31} {yyyy+366}', context), '03 04 2027');
    assert.equal(
      renderName('<current_date-1>|<current_date-0>|<current_date-31>|<current_date-365>', context),
      '2026-02-28|2026-03-01|2026-01-29|2025-03-01',
    );
    const leap = { ...context, run: { ...context.run, startedAt: new Date('2028-03-01T00:00:00Z') } };
    assert.equal(renderName('<current_date-1>', leap), '2028-02-29');
  });

  test('a day with a clock change is one day', () => {
    // Berlin 2026-03-29 has 23 hours: 24 hours before 00:30 on the 30th would be 23:30 on the 28th.
    const startedAt = new Date('2026-03-29T22:30:00Z');
    const berlin = { ...context, timeZone: 'Europe/Berlin', run: { ...context.run, startedAt } };
    assert.equal(renderName('<current_date> <current_date-1>', berlin), '2026-03-30 2026-03-29');
  });

  test('what looks like a placeholder in a value stays as it is', () => {
    const dataset = { id: 'x', name: '{run.id} <current_date> $& {nonsense}' };
    assert.equal(renderName('{dataset.name}', { ...context, dataset }), dataset.name);
  });

  test('an unknown time zone is told', () => {
    assert.throws(
      () => renderName('{dd}', { ...context, timeZone: 'Mars/Olympus' }),
      code('name-unknown-time-zone'),
    );
  });
});

describe('checking a template', () => {
  const wrong = [
    '{foo}',
    '{dataset}',
    '{Dataset.id}',
    '{}',
    '{dd',
    'dd}',
    '{ dd }',
    '{HH-1}',
    '{part+1}',
    '{dd-}',
    '{dd-1.5}',
    '{dd-123456}',
    '{{dd}}',
    '<current_time>',
    '<current_date+1>',
    '<current_date-x>',
    '<current_date',
    '{constructor}',
    '{toString}',
    '{{foo}dd}',
  ];
  for (const template of wrong) {
    test(`${template} is refused with the list of what is known`, () => {
      assert.throws(
        () => checkTemplate(template, 'filename'),
        (error: unknown) =>
          code('name-unknown-placeholder')(error) &&
          (error as UserError).field === 'filename' &&
          (error as UserError).remedy?.includes('{dataset.name}') === true,
      );
      assert.throws(() => renderName(template, context), code('name-unknown-placeholder'));
    });
  }

  test('plain text and an ordinary < are fine', () => {
    for (const template of ['', 'sales', 'a < b > c', '100%', '<b>', 'current_date']) checkTemplate(template);
  });

  test('a placeholder is found, shifted or not', () => {
    assert.equal(hasPlaceholder('a_{part}', 'part'), true);
    assert.equal(hasPlaceholder('a_{dd-1}', 'dd'), true);
    assert.equal(hasPlaceholder('a_part', 'part'), false);
    assert.equal(hasPlaceholder('{dd}{MM}', 'part'), false);
  });
});

describe('paths', () => {
  const named = (name: string) => ({ ...context, dataset: { id: 'id', name } });

  test('folders of the template stay, slashes collapse, the leading one is dropped', () => {
    assert.equal(renderPath('//in///{yyyy}/{MM}/sales.csv', context), 'in/2026/03/sales.csv');
  });

  test('a value cannot add a part or climb', () => {
    assert.equal(renderPath('{dataset.name}', named('../../etc/passwd')), '___.._etc_passwd');
    assert.equal(renderPath('a/{dataset.name}/b', named('..')), 'a/__/b');
    assert.equal(renderPath('{dataset.name}', named('.hidden')), '_hidden');
    assert.equal(renderPath('{dataset.name}', named('a\\b\u0000c\nd\u2028e')), 'a_b_c_d_e');
    assert.equal(renderPath('{dataset.name}.csv', named('a\ud800b')), 'a\ufffdb.csv');
  });

  test('ordinary names keep their letters', () => {
    for (const name of ['Umsätze 2026', '売上', '👩‍👩‍👧', "Q1 (final).v2 & more's"]) {
      assert.equal(renderPath('{dataset.name}', named(name)), name);
    }
  });

  for (const template of ['../x', 'a/../b', './a', 'a/.', '', '/', 'a\\..\\b', 'a\nb', '.{dataset.name}.']) {
    test(`the template ${JSON.stringify(template)} is refused`, () => {
      assert.throws(() => renderPath(template, named('')), code('name-unsafe-path'));
    });
  }

  test('a path that is too long is refused, never cut', () => {
    assert.equal(renderPath('{dataset.name}', named('ä'.repeat(127) + 'x')).length, 128);
    assert.throws(() => renderPath('{dataset.name}', named('ä'.repeat(128))), code('name-too-long'));
    const folders = 'x'.repeat(255);
    assert.equal(renderPath(`${folders}/${folders}/${folders}/${folders}`, context).length, 1023);
    assert.throws(
      () => renderPath(`${folders}/${folders}/${folders}/${folders}/y`, context),
      code('name-too-long'),
    );
  });

  test('whatever the values are, the path stays below the folder it is joined to', () => {
    const naughty = fc.string({
      unit: fc.oneof(
        fc.constantFrom('.', '/', '\\', '\u0000', '~', ':', '{dd}', '\ud83d'),
        fc.string({ unit: 'binary', maxLength: 1 }),
      ),
      maxLength: 30,
    });
    const template = fc
      .array(fc.constantFrom('{dataset.name}', '{dataset.id}', '{run.id}', '/', '.', 'a', '{dd-1}'), {
        maxLength: 8,
      })
      .map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(template, naughty, naughty, naughty, (template, id, name, runId) => {
        const run = { ...context.run, id: runId };
        let path: string;
        try {
          path = renderPath(template, { ...context, dataset: { id, name }, run });
        } catch (error) {
          assert.ok(error instanceof UserError, String(error));
          return;
        }
        const joined = posix.join('/root/inner', path);
        assert.equal(joined, `/root/inner/${path}`);
        assert.doesNotMatch(path, /^\/|\/\/|\\|\p{Cc}/u);
        assert.ok(path.isWellFormed() && Buffer.byteLength(path) <= 1024);
        const separators = (text: string) => text.split('/').filter((part) => part !== '').length;
        assert.ok(separators(path) <= separators(template), 'a value made a part of its own');
      }),
      { numRuns: 2000 },
    );
  });
});
