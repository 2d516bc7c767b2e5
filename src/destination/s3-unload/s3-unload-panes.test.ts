import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FileConnector } from '../../connector/contract.ts';
import { fileOptions } from '../../connector/file-options.ts';
import { fieldId } from '../../field/field-id.ts';
import { startS3 } from '../../../test/servers/s3-stand-in.ts';
import { trialJob, type TrialOptions } from '../../../test/servers/s3-trial.ts';
import { s3UnloadConnector } from './s3-unload.ts';

const connector = s3UnloadConnector as FileConnector;
const server = await startS3();
await server.stop();

const detailsOf = (details: object) => trialJob(server, { details: { ...details } }).details;

function check(options: TrialOptions): void {
  const { credentials, details } = trialJob(server, options);
  connector.check?.(credentials, details);
}

test('both panes begin with the labels of the document, in its order, and ids are made of labels', () => {
  const labels = (pane: object) => Object.values(pane as Record<string, { label: string; more?: boolean }>);
  const first = (pane: object) =>
    labels(pane)
      .filter(({ more }) => !more)
      .map(({ label }) => label);
  assert.deepEqual(first(connector.credentials), [
    'Domo Client ID',
    'Domo Client Secret',
    'Access Key',
    'Secret Key',
    'Bucket',
    'Region',
  ]);
  assert.deepEqual(first(connector.details), [
    'Input DataSet ID',
    'Path',
    'Primary Key',
    'Specific Day',
    'Select the Data Type for Date Column(s) to be parsed',
  ]);
  const own = Object.entries({ ...connector.credentials, ...connector.details }).filter(
    ([id]) => !(id in fileOptions),
  );
  assert.deepEqual(
    own.map(([id]) => id),
    own.map(([, { label }]) => fieldId(label)),
  );
});

test('the key is made of path and file name, without empty folders', () => {
  assert.equal(connector.fileName(detailsOf({ path: '/a//b/', fileName: 'x' })), 'a/b/x');
  assert.equal(connector.fileName(detailsOf({ path: undefined })), '{dataset.id}');
});

test('a Primary Key makes parts, and Specific Day a filter of days', () => {
  assert.equal(connector.parts?.cut(detailsOf({})), undefined);
  assert.deepEqual(connector.parts?.cut(detailsOf({ primaryKey: 'id' })), { key: 'id', count: 4 });
  assert.deepEqual(connector.day?.(detailsOf({ specificDay: 0 })), { daysBack: 0, column: undefined });
  assert.equal(connector.day?.(detailsOf({})), undefined);
});

const outcome = {
  startedAt: new Date('2026-03-01T10:00:00.500Z'),
  finishedAt: new Date('2026-03-01T10:00:09Z'),
  runId: 'run-1',
  rows: 5,
  bytes: 50,
  objects: 1,
};

test('the metrics are epoch milliseconds as they are, or date-times when converted', () => {
  const asIs = connector.metrics?.(detailsOf({}), outcome);
  assert.equal(asIs?.['started'], outcome.startedAt.getTime());
  const converted = connector.metrics?.(
    detailsOf({ selectTheDataTypeForDateColumnSToBeParsed: 'parseAndConvert' }),
    outcome,
  );
  assert.deepEqual(
    [converted?.['started'], converted?.['finished']],
    ['2026-03-01T10:00:00', '2026-03-01T10:00:09'],
  );
  assert.deepEqual([converted?.['rows'], converted?.['objects'], converted?.['exportId']], [5, 1, 'run-1']);
});

test('a delegated export is asked for with keys and path, and its own metrics are told', () => {
  const { credentials } = trialJob(server, { credentials: { endpoint: undefined } });
  assert.equal(connector.delegate?.(detailsOf({}), credentials), undefined);
  const target = connector.delegate?.(detailsOf({ delegatedExport: true }), credentials);
  assert.deepEqual([target?.awsAccessKey, target?.bucket, target?.path], [server.accessKey, 'bucket', 'in']);
  const delegated = {
    exportId: 'e1',
    status: 'success',
    startedAt: '1760000000000',
    finishedAt: '2026-03-01T00:00:00Z',
    bucket: 'bucket',
    objects: [
      { url: 's3://a', rows: 3 },
      { url: 's3://b', rows: 4 },
    ],
  };
  const told = connector.metrics?.(detailsOf({}), { ...outcome, delegated });
  assert.deepEqual([told?.['exportId'], told?.['rows'], told?.['objects']], ['e1', 7, 2]);
  assert.deepEqual(
    [told?.['started'], told?.['finished']],
    [1_760_000_000_000, Date.parse('2026-03-01T00:00:00Z')],
  );
});

test('what fields alone cannot say is refused with its field', () => {
  check({});
  assert.throws(() => check({ credentials: { bucket: 's3://x/y' } }), { field: 'bucket' });
  assert.throws(() => check({ credentials: { endpoint: 'minio:9000' } }), { field: 'endpoint' });
  assert.throws(() => check({ credentials: { caCertificate: 'CA' } }), { field: 'caCertificate' });
  assert.throws(() => check({ details: { skipWhenUnchanged: true, splitSize: 5 } }), {
    field: 'skipWhenUnchanged',
  });
  assert.throws(() => check({ details: { delegatedExport: true } }), { field: 'delegatedExport' });
});
