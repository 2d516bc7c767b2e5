import assert from 'node:assert/strict';
import { test } from 'node:test';
import Schema from 'typebox/schema';
import { contract } from './contract.ts';
import type { Endpoint } from './endpoint.ts';
import { openApi } from './openapi.ts';
import { may, permissions, roles } from './permission.ts';

const endpoints = Object.entries(contract as Record<string, Endpoint>);

test('each path and method stands once, and its placeholders are its parameters', () => {
  const seen = endpoints.map(([, { method, path }]) => `${method} ${path}`);
  assert.equal(new Set(seen).size, seen.length);
  for (const [name, { path, params }] of endpoints) {
    const placeholders = [...path.matchAll(/\{(\w+)\}/g)].map(([, placeholder]) => placeholder);
    assert.deepEqual(placeholders, Object.keys(params?.properties ?? {}), name);
  }
});

test('only signing in and setting up are open to anyone', () => {
  const open = endpoints.filter(([, { permission }]) => permission === 'anyone').map(([name]) => name);
  assert.deepEqual(open.toSorted(), [
    'beginOpenId',
    'createAdministrator',
    'finishOpenId',
    'signIn',
    'signInWays',
  ]);
});

test('whatever changes something asks for more than reading', () => {
  const harmless = ['nextRuns', 'queryDataset'];
  for (const [name, { method, permission }] of endpoints)
    if (method !== 'GET' && !harmless.includes(name)) assert.notEqual(permission, 'read', name);
});

test('bodies refuse unknown keys', () => {
  for (const [name, { body }] of endpoints)
    if (body) assert.equal((body as { additionalProperties?: boolean }).additionalProperties, false, name);
});

test('a role may all that a lesser one may, and only an administrator may administer', () => {
  const count = roles.map((role) => permissions.filter((permission) => may(role, permission)).length);
  assert.deepEqual(count, [3, 4, 5, 6, 6, 8]);
  assert.deepEqual(
    roles.filter((role) => may(role, 'administer')),
    ['admin'],
  );
  assert.equal(may(undefined, 'read'), false);
  assert.equal(may(undefined, 'anyone'), true);
});

test('the OpenAPI document has every call, with its permission and its problem', () => {
  const document = openApi('1.2.3') as {
    paths: Record<string, Record<string, { operationId: string; 'x-permission': string; responses: object }>>;
  };
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
  assert.deepEqual(
    operations.map(({ operationId }) => operationId).toSorted(),
    Object.keys(contract).toSorted(),
  );
  for (const operation of operations) {
    assert.equal(
      operation['x-permission'],
      contract[operation.operationId as keyof typeof contract].permission,
    );
    assert.ok('default' in operation.responses);
  }
});

test('a schema refuses what is not declared', () => {
  const { body } = contract.createPerson as Endpoint;
  const person = {
    name: 'Ada',
    email: 'ada@example.com',
    role: 'editor',
    password: 'long enough to be good',
  };
  assert.equal(Schema.Compile(body!).Check(person), true);
  assert.equal(Schema.Compile(body!).Check({ ...person, disabled: false }), false);
  assert.equal(Schema.Compile(body!).Check({ ...person, role: 'owner' }), false);
});
