import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldId } from './field-id.ts';

const known = {
  'Domo Client ID': 'domoClientId',
  'SSH Private Key': 'sshPrivateKey',
  'API Token': 'apiToken',
  'data.world DataSet': 'dataWorldDataset',
  'Select data.world DataSet Method': 'selectDataWorldDatasetMethod',
  'Input DataSet ID': 'inputDatasetId',
  'Select the Data Type for Date Column(s) to be parsed': 'selectTheDataTypeForDateColumnSToBeParsed',
  Hostname: 'hostname',
  'SSE-KMS Key': 'sseKmsKey',
  '  Path  ': 'path',
  'Größe des Ärgers': 'größeDesÄrgers',
  '': '',
};

for (const [label, id] of Object.entries(known)) {
  test(`"${label}" is ${id}`, () => assert.equal(fieldId(label), id));
}

test('an id is the id of itself only when it is one word', () => {
  assert.equal(fieldId('hostname'), 'hostname');
  assert.equal(fieldId('sshPrivateKey'), 'sshprivatekey');
});
