import assert from 'node:assert/strict';
import { test } from 'node:test';
import { installedDriver, readyDocuments } from './ready-documents.ts';

test('the installed driver takes ready documents', () => {
  assert.ok(readyDocuments());
});

test('a driver of another version, or without these parts, is used by its public ways', () => {
  const driver = installedDriver();
  assert.equal(
    readyDocuments(() => ({ ...driver, version: '8.0.0' })),
    undefined,
  );
  const { Connection: _, ...rest } = driver;
  assert.equal(
    readyDocuments(() => rest as typeof driver),
    undefined,
  );
});

test('a driver whose messages are put together otherwise is used by its public ways', () => {
  const driver = installedDriver();
  // As if a sequence ended with a mark: only comparing the bytes can tell.
  class Marked extends driver.DocumentSequence {
    override toBin(): Uint8Array {
      return Buffer.concat([super.toBin(), Buffer.from([0])]);
    }
  }
  assert.equal(
    readyDocuments(() => ({ ...driver, DocumentSequence: Marked })),
    undefined,
  );
});
