import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { UserError } from '../errors.ts';
import { checkValues } from './check.ts';
import { fields } from './field.ts';

const pane = fields({
  hostname: { type: 'text', label: 'Hostname', help: 'Where it is.', required: true },
  port: { type: 'number', label: 'Port', help: 'A port.', minimum: 1, maximum: 65_535, default: 22 },
  ratio: { type: 'number', label: 'Ratio', help: 'A share.', fraction: true },
  secure: { type: 'boolean', label: 'Secure', help: 'Yes or no.', default: true },
  mode: {
    type: 'choice',
    label: 'Mode',
    help: 'How.',
    choices: { replace: 'Replace All', upsert: 'Upsert' },
    default: 'replace',
  },
  keys: {
    type: 'text',
    label: 'Key Columns',
    help: 'Columns.',
    required: true,
    list: true,
    when: { mode: ['upsert'] },
  },
  strategy: {
    type: 'choice',
    label: 'Strategy',
    help: 'S.',
    choices: { a: 'A', b: 'B' },
    when: { mode: ['upsert'] },
  },
  deep: { type: 'text', label: 'Deep', help: 'D.', required: true, when: { strategy: ['b'] } },
  nullText: { type: 'text', label: 'Null Text', help: 'Null.', default: '\\N' },
  password: { type: 'secret', label: 'Password', help: 'Secret.' },
  privateKey: { type: 'secret', label: 'Private Key', help: 'Many lines.', multiline: true },
  clientId: { type: 'text', label: 'Client ID', help: 'Domo.', required: true, sharedWith: 'clientId' },
  folder: { type: 'fetched', label: 'Folder', help: 'One of them.' },
});

const check = (values: unknown) => checkValues(pane, values, 'details');
const good = { hostname: 'h' };

function refused(values: unknown, code: string, field: string | undefined, told?: RegExp) {
  assert.throws(
    () => check(values),
    (error: unknown) => {
      assert.ok(error instanceof UserError);
      assert.deepEqual([error.code, error.field], [code, field]);
      if (told) assert.match(`${error.message} ${error.remedy}`, told);
      return true;
    },
  );
}

describe('checking values', () => {
  test('defaults are filled in, and every id is a key', () => {
    const expected = {
      hostname: 'h',
      port: 22,
      ratio: undefined,
      secure: true,
      mode: 'replace',
      keys: undefined,
      strategy: undefined,
      deep: undefined,
      nullText: '\\N',
      password: undefined,
      privateKey: undefined,
      clientId: undefined,
      folder: undefined,
    };
    assert.deepEqual(check(good), expected);
    assert.deepEqual(Object.keys(check(good)), Object.keys(pane));
  });

  test('a missing required field is told; a shared one is not asked for here', () => {
    for (const values of [undefined, null, {}, { hostname: null }, { hostname: '' }]) {
      refused(values, 'field-missing', 'hostname', /"Hostname" is required in the details/);
    }
  });

  test('an unknown field is told with the nearest known id', () => {
    refused({ ...good, hostnme: 'x' }, 'field-unknown', 'hostnme', /Did you mean "hostname"/);
    refused({ ...good, 'Private Key': 'x' }, 'field-unknown', 'Private Key', /Did you mean "privateKey"/);
    refused(
      { ...good, completelyDifferent: 1 },
      'field-unknown',
      'completelyDifferent',
      /Known are: hostname, port/,
    );
    refused(JSON.parse('{"hostname":"h","__proto__":1}'), 'field-unknown', '__proto__');
    refused({ ...good, constructor: 'x' }, 'field-unknown', 'constructor');
  });

  test('what is no group of fields is refused', () => {
    for (const values of ['text', 5, true, ['hostname']])
      refused(values, 'field-invalid', undefined, /The details must be fields/);
  });

  test('a number may be its exact text, and nothing else', () => {
    assert.equal(check({ ...good, port: '2222' })['port'], 2222);
    assert.equal(check({ ...good, ratio: '-0.25' })['ratio'], -0.25);
    for (const port of [
      '0x10',
      '1e3',
      ' 22',
      '22 ',
      '022',
      '+22',
      'abc',
      true,
      [22],
      {},
      NaN,
      Infinity,
      22.5,
      '22.5',
      2 ** 53,
    ]) {
      refused({ ...good, port }, 'field-invalid', 'port');
    }
  });

  test('a number keeps its bounds', () => {
    assert.equal(check({ ...good, port: 1 })['port'], 1);
    assert.equal(check({ ...good, port: 65_535 })['port'], 65_535);
    refused({ ...good, port: 0 }, 'field-invalid', 'port', /at least 1/);
    refused({ ...good, port: 65_536 }, 'field-invalid', 'port', /at most 65535/);
  });

  test('a boolean may be its exact text, and nothing else', () => {
    assert.equal(check({ ...good, secure: 'false' })['secure'], false);
    assert.equal(check({ ...good, secure: false })['secure'], false);
    for (const secure of ['no', 'False', 0, 1, 'yes', []])
      refused({ ...good, secure }, 'field-invalid', 'secure');
  });

  test('a choice may be its id or its label, in any case', () => {
    for (const mode of ['replace', 'Replace All', 'REPLACE ALL', 'Replace']) {
      assert.equal(check({ ...good, mode })['mode'], 'replace');
    }
    refused({ ...good, mode: 'replac' }, 'field-invalid', 'mode', /replace, upsert\. Did you mean "replace"/);
    refused({ ...good, mode: 'toString' }, 'field-invalid', 'mode');
    refused({ ...good, mode: true }, 'field-invalid', 'mode');
  });

  test('text is never made of something else', () => {
    refused({ hostname: 123 }, 'field-invalid', 'hostname', /must be text, not a number.*quotes/);
    refused({ hostname: true }, 'field-invalid', 'hostname', /quotes/);
    refused({ hostname: ['h'] }, 'field-invalid', 'hostname', /a list/);
    refused({ hostname: 'a\nb' }, 'field-invalid', 'hostname', /one line/);
    refused({ ...good, folder: 5 }, 'field-invalid', 'folder');
  });

  test('an empty text is a choice of its own only where the default is a text', () => {
    assert.equal(check({ ...good, nullText: '' })['nullText'], '');
    assert.equal(check({ ...good, password: '' })['password'], undefined);
    assert.equal(check({ ...good, port: '' })['port'], 22);
  });

  test('a list is joined by line', () => {
    const upsert = { ...good, mode: 'upsert' };
    assert.equal(check({ ...upsert, keys: ['a', 'b,c'] })['keys'], 'a\nb,c');
    assert.equal(check({ ...upsert, keys: 'a\nb' })['keys'], 'a\nb');
    refused({ ...upsert, keys: ['a', 5] }, 'field-invalid', 'keys', /quotes/);
    refused({ ...upsert, keys: ['a\nb'] }, 'field-invalid', 'keys', /several lines/);
    refused({ ...upsert, keys: [] }, 'field-missing', 'keys');
  });

  test('a condition decides over "required", through other conditions too', () => {
    refused({ ...good, mode: 'upsert' }, 'field-missing', 'keys');
    refused({ ...good, mode: 'Upsert', keys: 'id', strategy: 'b' }, 'field-missing', 'deep');
    assert.equal(check({ ...good, mode: 'replace', strategy: 'b' })['deep'], undefined);
  });

  test('a secret keeps its characters but the line end of its file, and is never told', () => {
    assert.equal(check({ ...good, password: ' a b\t\r\n' })['password'], ' a b\t');
    assert.equal(check({ ...good, privateKey: 'a\nb\n' })['privateKey'], 'a\nb\n');
    const told = (values: object) => {
      try {
        check({ ...good, ...values });
      } catch (error) {
        assert.ok(error instanceof UserError);
        return `${error.message} ${error.remedy}`;
      }
      return assert.fail('was accepted');
    };
    assert.doesNotMatch(told({ password: 'hush\nhush' }), /hush/);
    assert.doesNotMatch(told({ password: 424_242 }), /424/);
  });

  test('whatever is given, the answer is a value of the right type or a UserError', () => {
    const values = fc.record(Object.fromEntries(Object.keys(pane).map((id) => [id, fc.anything()])), {
      requiredKeys: [],
    });
    fc.assert(
      fc.property(values, (given) => {
        try {
          const checked = check({ ...given, hostname: 'h' });
          assert.equal(typeof checked['port'], 'number');
          assert.equal(typeof checked['secure'], 'boolean');
          assert.ok(['replace', 'upsert'].includes(checked['mode'] as string));
        } catch (error) {
          assert.ok(error instanceof UserError, String(error));
        }
      }),
    );
  });
});
