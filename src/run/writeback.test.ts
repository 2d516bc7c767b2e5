import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRegistry } from '../connector/registry.ts';
import { folderConnector } from '../destination/folder/folder.ts';
import { sftpConnector } from '../destination/sftp/sftp.ts';
import { checkWriteback } from './writeback.ts';
import { writebackSchema } from './writeback-schema.ts';

const registry = createRegistry([folderConnector, sftpConnector]);
const datasetId = '845305d8-da3d-4107-a9d6-13ef3f86d4a4';
const local = {
  name: 'Orders',
  source: { kind: 'local', path: 'orders.csv' },
  connector: 'folder',
  credentials: { folder: '/tmp' },
};
const domo = {
  name: 'Sales',
  source: { kind: 'domo', clientId: 'id', clientSecret: 'secret', datasetId },
  connector: 'sftp',
  credentials: { hostname: 'files.example.com', username: 'domo', password: 'secret' },
  details: { path: '/in' },
};

test('a writeback is checked, and defaults are filled in', () => {
  const writeback = checkWriteback(local, registry);
  assert.equal(writeback.details['fileFormat'], 'csv');
  assert.equal(writeback.details['fileName'], '{dataset.name}');
  assert.equal(writeback.timeZone, 'UTC');
});

test('the same name, connector and DataSet are the same writeback, whatever the details', () => {
  const one = checkWriteback(local, registry);
  const other = checkWriteback({ ...local, details: { compression: 'gzip' } }, registry);
  assert.equal(one.id, other.id);
  assert.notEqual(one.id, checkWriteback({ ...local, name: 'Other' }, registry).id);
  assert.equal(checkWriteback({ ...local, id: 'mine' }, registry).id, 'mine');
});

test('the Domo fields of a connector are the source’s, typed in either place', () => {
  const { source, ...rest } = domo;
  const { clientSecret, clientId, ...less } = source;
  const credentials = { ...domo.credentials, domoClientId: clientId, domoClientSecret: clientSecret };
  const writeback = checkWriteback({ ...rest, source: less, credentials }, registry);
  assert.equal(writeback.source.kind === 'domo' && writeback.source.values.clientSecret, 'secret');
  assert.equal(writeback.credentials['domoClientSecret'], undefined);
});

test('typed in both places, they must agree', () => {
  const credentials = { ...domo.credentials, domoClientId: 'another' };
  const check = () => checkWriteback({ ...domo, credentials }, registry);
  assert.throws(check, { code: 'writeback-source-twice', field: 'credentials.domoClientId' });
});

const mistakes: [string, object, object][] = [
  ['an unknown key', { ...local, conector: 'folder' }, { code: 'writeback-unknown-key', field: 'conector' }],
  [
    'an unknown field',
    { ...local, details: { fileNam: 'x' } },
    { code: 'field-unknown', field: 'details.fileNam' },
  ],
  ['an unknown connector', { ...local, connector: 'ftp' }, { code: 'connector-unknown' }],
  [
    'an unknown source',
    { ...local, source: { kind: 'oracle' } },
    { code: 'writeback-source-kind', field: 'source.kind' },
  ],
  [
    'an unknown type',
    { ...local, source: { ...local.source, columns: { id: 'INT' } } },
    { code: 'writeback-column-type' },
  ],
  ['an unknown time zone', { ...local, timeZone: 'Europe/Atlantis' }, { code: 'writeback-time-zone' }],
  ['a missing name', { ...local, name: undefined }, { code: 'writeback-invalid', field: 'name' }],
  [
    'an unknown placeholder',
    { ...local, details: { fileName: '{datset.id}' } },
    { code: 'name-unknown-placeholder', field: 'details.fileName' },
  ],
  [
    'a delimiter of two characters',
    { ...local, details: { delimiter: ';;' } },
    { code: 'csv-dialect', field: 'details.delimiter' },
  ],
  [
    'gzip around Parquet',
    { ...local, details: { fileFormat: 'parquet', compression: 'gzip' } },
    { field: 'details.compression' },
  ],
  ['a missing field', { ...local, credentials: {} }, { code: 'field-missing', field: 'credentials.folder' }],
];

for (const [what, writeback, error] of mistakes) {
  test(`${what} is refused, naming the place`, () => {
    assert.throws(() => checkWriteback(writeback, registry), error);
  });
}

test('the JSON Schema names every field of every connector', () => {
  const text = JSON.stringify(writebackSchema(registry));
  for (const { credentials, details } of registry.list()) {
    for (const id of Object.keys({ ...credentials, ...details })) assert.match(text, new RegExp(`"${id}":`));
  }
});
