import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join, normalize } from 'node:path/posix';
import { test } from 'node:test';

const root = new URL('.', import.meta.url).pathname;

/** Who may import whom: each room, and the rooms below it. The files beside main.ts that everybody may use are not rooms. */
const below: Record<string, readonly string[]> = {
  field: [],
  egress: [],
  dataset: [],
  duckdb: ['dataset'],
  source: ['dataset', 'field', 'egress', 'duckdb'],
  connector: ['dataset', 'field', 'egress', 'duckdb', 'source'],
  destination: ['connector', 'dataset', 'field', 'egress', 'source'],
  contract: ['field'],
  store: ['contract'],
  account: ['field', 'store', 'connector', 'source'],
  run: ['account', 'contract', 'store', 'connector', 'source', 'duckdb', 'dataset', 'field', 'egress'],
  api: ['contract', 'run', 'account', 'store', 'connector', 'source', 'dataset', 'field', 'egress'],
  cli: ['contract', 'account', 'store', 'run', 'connector', 'source', 'dataset', 'field', 'egress'],
  start: ['cli', 'api', 'contract', 'run', 'account', 'store', 'connector', 'egress'],
};

/** Imports across that carry types alone, and so bind nobody: from → to. */
const onlyTypes = ['connector → source'];

const everybodys = ['errors.ts', 'log.ts', 'traces.ts'];

/** Packages of third parties, and the rooms that may use them. */
const packages: Record<string, readonly string[]> = {
  mongodb: ['destination'],
  '@aws-sdk/client-s3': ['destination'],
  '@aws-sdk/client-sts': ['destination'],
  '@aws-sdk/credential-providers': ['destination'],
  '@smithy/node-http-handler': ['destination'],
  '@smithy/signature-v4': ['destination'],
  '@duckdb/node-api': ['duckdb'],
  croner: ['run'],
  fastify: ['api'],
  nodemailer: ['run'],
  '@opentelemetry/api': ['start'],
  '@opentelemetry/exporter-trace-otlp-http': ['start'],
  '@opentelemetry/resources': ['start'],
  '@opentelemetry/sdk-trace': ['start'],
  'openid-client': ['api'],
  ssh2: ['destination'],
  typebox: ['contract', 'api'],
  undici: ['egress', 'source', 'destination'],
  yaml: ['cli'],
  pg: ['store'],
  kysely: ['store'],
  'pg-boss': ['store', 'run'],
};

interface Import {
  readonly file: string;
  readonly room: string;
  readonly to: string;
  readonly typeOnly: boolean;
  /** Only when it is reached. */
  readonly dynamic: boolean;
}

/** All imports of a file, static and dynamic. A kit for tests (conformance) is no part of a row's way. */
function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  // Whether a text is an address is no connection.
  const found = text
    .replaceAll("import { isIP } from 'node:net';", '')
    .matchAll(/(?:^|\n)(import|export)\s+(type\s)?[^;'"]*?from\s+'([^']+)'|import\('([^']+)'\)/g);
  const room = file.includes('/') ? file.split('/')[0]! : '';
  return [...found].map(([, , type, from, dynamic]) => ({
    file,
    room,
    to: (from ?? dynamic)!,
    typeOnly: type !== undefined,
    dynamic: dynamic !== undefined,
  }));
}

const sources = globSync('**/*.ts', { cwd: root }).filter((file) => !/\.test\.ts$|conformance/.test(file));
const imports = sources.flatMap(importsOf).filter(({ room }) => room !== '');

/** The room, or the file beside main.ts, that a relative import reaches. */
function reached({ file, to }: Import): string {
  return normalize(join(file, '..', to)).split('/')[0]!;
}

test('imports point down only', () => {
  const wrong = imports
    .filter(({ to }) => to.startsWith('.'))
    .filter((one) => {
      const room = reached(one);
      if (room === one.room || everybodys.includes(room)) return false;
      if (room === 'config.ts') return !['cli', 'start'].includes(one.room);
      if (onlyTypes.includes(`${one.room} → ${room}`)) return !one.typeOnly;
      return !below[one.room]?.includes(room);
    });
  assert.deepEqual(
    wrong.map(({ file, to }) => `${file} imports ${to}`),
    [],
  );
});

test('drivers of third parties stay in their rooms', () => {
  const wrong = imports
    .filter(({ to }) => !to.startsWith('.') && !to.startsWith('node:'))
    .filter(({ to, room }) => {
      const name = to.startsWith('@') ? to.split('/').slice(0, 2).join('/') : to.split('/')[0]!;
      return !packages[name]?.includes(room);
    });
  assert.deepEqual(
    wrong.map(({ file, to }) => `${file} imports ${to}`),
    [],
  );
});

test('only egress opens sockets', () => {
  const wrong = imports.filter(
    ({ to, room, typeOnly }) =>
      !typeOnly &&
      ['node:net', 'node:tls', 'node:dns', 'node:http2'].includes(to) &&
      room !== 'egress' &&
      room !== 'duckdb',
  );
  assert.deepEqual(
    wrong.map(({ file, to }) => `${file} imports ${to}`),
    [],
  );
});

test('a driver is loaded when a run needs it, and node:http without its face (egress/node-http.ts)', () => {
  const rooms = ['connector', 'dataset', 'destination', 'duckdb', 'egress', 'field', 'source'];
  const drivers = imports.filter(({ to }) => to === 'node:http' || !/^(\.|node:)/.test(to));
  const wrong = drivers.filter(
    ({ room, typeOnly, dynamic }) => rooms.includes(room) && !typeOnly && !dynamic,
  );
  assert.deepEqual(
    wrong.map(({ file, to }) => `${file} imports ${to}`),
    [],
  );
});

test('every room stands in the table', () => {
  assert.deepEqual([...new Set(imports.map(({ room }) => room))].toSorted(), Object.keys(below).toSorted());
});

test('nothing ends the process, and only config.ts reads the environment', () => {
  const wrong = sources.filter((file) => {
    const code = readFileSync(join(root, file), 'utf8').replaceAll(/\/\/.*|\/\*[\s\S]*?\*\//g, '');
    return code.includes('process.exit(') || (code.includes('process.env') && file !== 'config.ts');
  });
  assert.deepEqual(wrong, []);
});
