import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkValues } from './check.ts';
import { type Values, fields } from './field.ts';

const details = fields({
  path: { type: 'text', label: 'Path', help: 'A folder.', required: true },
  suffix: { type: 'text', label: 'Suffix', help: 'At the end.', default: '.csv' },
  note: { type: 'text', label: 'Note', help: 'Anything.' },
  port: { type: 'number', label: 'Port', help: 'A port.', default: 22 },
  secure: { type: 'boolean', label: 'Secure', help: 'TLS.', default: true },
  mode: {
    type: 'choice',
    label: 'Mode',
    help: 'How.',
    choices: { replace: 'Replace', append: 'Append' },
    default: 'replace',
  },
  key: { type: 'text', label: 'Key', help: 'For append.', required: true, when: { mode: ['append'] } },
  clientId: { type: 'text', label: 'Client ID', help: 'Domo.', required: true, sharedWith: 'clientId' },
  password: { type: 'secret', label: 'Password', help: 'Secret.', required: true },
  folder: { type: 'fetched', label: 'Folder', help: 'One of them.' },
});

type Details = Values<typeof details>;

test('the type of the values follows from the fields', () => {
  const values = checkValues(details, { path: '/in', password: 'x' }, 'details') as Details;
  const path: string = values.path;
  const suffix: string = values.suffix;
  const port: number = values.port;
  const secure: boolean = values.secure;
  const mode: 'replace' | 'append' = values.mode;
  const password: string = values.password;
  const folder: string | undefined = values.folder;
  const seen = { path, suffix, port, secure, mode, password, folder };
  assert.deepEqual(seen, {
    path: '/in',
    suffix: '.csv',
    port: 22,
    secure: true,
    mode: 'replace',
    password: 'x',
    folder: undefined,
  });
});

/** Never run: each of these lines must be refused by the compiler. */
export function mistakes(values: Details): unknown[] {
  // @ts-expect-error optional without default
  const note: string = values.note;
  // @ts-expect-error a number is not a text
  const port: string = values.port;
  // @ts-expect-error not one of the choices
  const mode: 'replace' | 'upsert' = values.mode;
  // @ts-expect-error required only under a condition
  const key: string = values.key;
  // @ts-expect-error shared fields may be typed elsewhere
  const clientId: string = values.clientId;
  // @ts-expect-error fetched and not required
  const folder: string = values.folder;
  // @ts-expect-error no such field
  const nothing = values.pth;
  // @ts-expect-error read only
  values.path = '/out';
  // @ts-expect-error a field needs help
  const helpless = fields({ a: { type: 'text', label: 'A' } });
  // @ts-expect-error no such type
  const odd = fields({ a: { type: 'date', label: 'A', help: 'B' } });
  return [note, port, mode, key, clientId, folder, nothing, helpless, odd];
}
