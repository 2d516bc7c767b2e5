import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dataWorldTarget } from '../../../test/servers/data-world-target.ts';
import type { DataWorldOptions } from '../../../test/servers/data-world-stand-in.ts';
import { deliverRows } from '../../connector/conformance.ts';
import { createTrial } from '../../connector/conformance/trial.ts';
import type { Column } from '../../dataset/dataset.ts';
import { createEgress } from '../../egress/egress.ts';
import { checkValues } from '../../field/check.ts';
import { createLog } from '../../log.ts';
import { dataWorldConnector } from './data-world.ts';

const columns: Column[] = [{ name: 'a', type: 'STRING' }];
const rows = [['1'], ['2']];

type Target = Awaited<ReturnType<typeof dataWorldTarget>>;

async function on(
  work: (target: Target) => Promise<void>,
  details: object = {},
  options: DataWorldOptions = {},
) {
  const target = await dataWorldTarget(options);
  try {
    await work({ ...target, details: { ...target.details, ...details } });
  } finally {
    await target.close();
  }
}

async function namesWritten(target: Target): Promise<string[]> {
  await deliverRows(target, columns, rows, { runNumber: 7 });
  return [...target.server.dataset('tester/sandbox').files.keys()];
}

const namings: readonly (readonly [title: string, details: object, name: string])[] = [
  ['a typed name', { fileName: 'sales' }, 'sales.csv'],
  ['a typed name with its extension', { fileName: 'sales.csv' }, 'sales.csv'],
  [
    'a name with the date',
    { fileName: 'sales', appendDateOrNumberToFilename: 'appendDate' },
    'sales_02-29-2024.csv',
  ],
  [
    'a name with the number of the run',
    { fileName: 'sales', appendDateOrNumberToFilename: 'appendNumber' },
    'sales_7.csv',
  ],
  ['a selected file', { selectFileNameMethod: 'selectFile', files: 'old one.csv' }, 'old one.csv'],
  ['a name of a template, with odd characters', { fileName: 'ü #1 {dataset.name}' }, 'ü #1 Conformance.csv'],
  [
    'a DataSet that was typed as an address',
    {
      selectDataWorldDatasetMethod: 'enterDatasetId',
      dataWorldDatasetId: 'https://data.world/tester/sandbox/workspace/file?filename=x.csv',
    },
    'rows.csv',
  ],
];

for (const [title, details, name] of namings) {
  test(`${title} is written as ${name}`, () =>
    on(async (target) => assert.deepEqual(await namesWritten(target), [name]), details));
}

test('the location is the page of the file', () =>
  on(
    async (target) => {
      const { location } = await deliverRows(target, columns, rows);
      assert.deepEqual(location, ['https://data.world/tester/sandbox/workspace/file?filename=a%20b.csv']);
    },
    { fileName: 'a b' },
  ));

test('success is told only when the file is LOADED', () =>
  on(
    async (target) => {
      const started = performance.now();
      await deliverRows(target, columns, rows);
      assert.ok(performance.now() - started >= 400);
      assert.equal(target.server.dataset('tester/sandbox').status, 'LOADED');
    },
    {},
    { processing: 400 },
  ));

test('a file that data.world fails to process is no success', () =>
  on(
    (target) =>
      assert.rejects(deliverRows(target, columns, rows), {
        name: 'TemporaryError',
        code: 'data-world-processing-failed',
      }),
    {},
    { failing: true },
  ));

const refusals: readonly (readonly [status: number, kind: string, code: string])[] = [
  [400, 'UserError', 'data-world-bad-request'],
  [401, 'UserError', 'data-world-login-refused'],
  [403, 'UserError', 'data-world-forbidden'],
  [404, 'UserError', 'data-world-not-found'],
  [413, 'UserError', 'data-world-too-large'],
  [422, 'UserError', 'data-world-refused'],
  [302, 'UserError', 'data-world-unexpected-answer'],
  [408, 'TemporaryError', 'data-world-unavailable'],
  [500, 'TemporaryError', 'data-world-unavailable'],
  [503, 'TemporaryError', 'data-world-unavailable'],
];

for (const [status, name, code] of refusals) {
  test(`an upload answered ${status} is a ${name} ${code}`, () =>
    on(async (target) => {
      target.server.fail({ status, at: 'PUT ' });
      await assert.rejects(deliverRows(target, columns, rows), { name, code });
      assert.equal(await target.stored(), undefined);
    }));
}

test('an upload that is confirmed before its last byte was sent is no success', () =>
  on(async (target) => {
    target.server.fail({ status: 200, body: '{}', at: 'PUT ' });
    const trial = createTrial(target);
    let pulled = 0;
    async function* body() {
      yield Buffer.from('a\n');
      for (; pulled < 200; pulled++) {
        yield Buffer.from(`${'x'.repeat(99_999)}\n`);
        await new Promise((resume) => setTimeout(resume, 5));
      }
    }
    const work = trial.deliverBody(columns, body());
    await assert.rejects(work, { name: 'UserError', code: 'data-world-unexpected-answer' });
    assert.ok(pulled < 200, 'the answer ends the pulling');
    assert.equal(await target.stored(), undefined);
  }));

test('too many requests are a TemporaryError that says how long to wait', () =>
  on(async (target) => {
    target.server.fail({ status: 429, headers: { 'retry-after': '17' }, at: 'PUT ' });
    const told = { name: 'TemporaryError', code: 'data-world-too-many-requests', retryAfter: 17 };
    await assert.rejects(deliverRows(target, columns, rows), told);
    const date = new Date(Date.now() + 60_000).toUTCString();
    target.server.fail({ status: 429, headers: { 'retry-after': date } });
    await assert.rejects(deliverRows(target, columns, rows), (error: { retryAfter?: number }) => {
      assert.ok(error.retryAfter !== undefined && error.retryAfter > 55 && error.retryAfter <= 60);
      return true;
    });
  }));

test('a file over the limit is told with the way out while it is still being sent', () =>
  on(
    async (target) => {
      const wide = Array.from({ length: 500 }, () => ['x'.repeat(1_000)]);
      const told = { code: 'data-world-too-large', field: 'splitSize' };
      await assert.rejects(deliverRows(target, columns, wide), told);
    },
    {},
    { maxBytes: 100_000 },
  ));

test('a page instead of an answer is told as a wrong API URL', () =>
  on(async (target) => {
    target.server.fail({ status: 200, body: '<html>Welcome</html>' });
    const told = { code: 'data-world-unexpected-answer', field: 'apiUrl' };
    await assert.rejects(deliverRows(target, columns, rows), told);
  }));

test('a DataSet that may only be read is refused before anything is sent', () =>
  on(async (target) => {
    target.server.dataset('tester/sandbox').accessLevel = 'READ';
    await assert.rejects(deliverRows(target, columns, rows), { code: 'data-world-forbidden' });
    assert.ok(!target.server.requests.some((line) => line.startsWith('PUT')));
    const steps = await createTrial(target).testConnection();
    assert.deepEqual(
      steps.map(({ name, ok }) => `${name} ${ok}`),
      ['connect true', 'sign in true', 'DataSet true', 'permission false'],
    );
  }));

test('a first field that begins with # is protected', () =>
  on(async (target) => {
    const hashed = [['#1'], ['2']];
    await deliverRows(target, [{ name: '#a', type: 'STRING' }], hashed);
    assert.deepEqual(await target.stored(), hashed);
    const bytes = target.server.dataset('tester/sandbox').files.get('rows.csv')?.bytes.toString() ?? '';
    assert.ok(!/^#/m.test(bytes), bytes);
  }));

const wrongs: readonly (readonly [title: string, details: object, credentials: object, told: object])[] = [
  ['a name with a slash', { fileName: 'a/b' }, {}, { code: 'data-world-file-name', field: 'fileName' }],
  [
    'a name over 128 characters',
    { fileName: 'x'.repeat(130) },
    {},
    { code: 'data-world-file-name', field: 'fileName' },
  ],
  [
    'half an ID',
    { dataWorldDataset: 'sandbox' },
    {},
    { code: 'data-world-dataset-id', field: 'dataWorldDataset' },
  ],
  ['no ID', { dataWorldDataset: undefined }, {}, { code: 'field-missing', field: 'dataWorldDataset' }],
  [
    'a token in the clear',
    {},
    { apiUrl: 'http://api.data.world/v0' },
    { code: 'data-world-api-url', field: 'apiUrl' },
  ],
  ['no address', {}, { apiUrl: 'data.world' }, { code: 'data-world-api-url', field: 'apiUrl' }],
];

for (const [title, details, credentials, told] of wrongs) {
  test(`${title} is refused before anything is asked for`, () =>
    on(async (target) => {
      const options = { credentials: { ...target.credentials, ...credentials } };
      await assert.rejects(async () => deliverRows(target, columns, rows, options), {
        name: 'UserError',
        ...told,
      });
      assert.deepEqual(target.server.requests, []);
    }, details));
}

test('a name that only grows too long when it is rendered is refused too', () =>
  on((target) => assert.rejects(deliverRows(target, columns, rows), { code: 'data-world-file-name' }), {
    fileName: `${'x'.repeat(114)}{dataset.name}`,
  }));

function optionsOf(target: Target, field: string) {
  const values = {
    credentials: checkValues(dataWorldConnector.credentials, target.credentials, 'credentials'),
    details: checkValues(dataWorldConnector.details, target.details, 'details'),
  };
  const work = {
    ...values,
    signal: new AbortController().signal,
    egress: createEgress(),
    log: createLog(() => {}),
  };
  return dataWorldConnector.options?.[field]?.(work as never);
}

test('own and contributed DataSets are listed over all pages, without those that may only be read', () =>
  on(
    async (target) => {
      target.server.dataset('other/read-only').accessLevel = 'READ';
      const values = (await optionsOf(target, 'dataWorldDataset'))?.map(({ value }) => value);
      assert.deepEqual(values, ['tester/sandbox', 'tester/two', 'tester/three', 'other/shared']);
    },
    {},
    {
      own: ['tester/sandbox', 'tester/two', 'tester/three'],
      contributing: ['other/read-only', 'other/shared'],
    },
  ));

test('the files of the chosen DataSet are listed', () =>
  on(async (target) => {
    await deliverRows(target, columns, rows);
    assert.deepEqual(await optionsOf(target, 'files'), [{ value: 'rows.csv', label: 'rows.csv' }]);
  }));

test('the seed’s fields come first, with its labels, in its order', () => {
  const own = Object.values(dataWorldConnector.details).filter(({ more }) => more !== true);
  assert.deepEqual(
    own.map(({ label }) => label),
    [
      'Input DataSet ID',
      'Select data.world DataSet Method',
      'data.world DataSet',
      'data.world DataSet',
      'Select File Name Method',
      'File Name',
      'Files',
      'Append Date or Number to Filename',
    ],
  );
});
