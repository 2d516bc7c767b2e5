import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createRegistry } from '../connector/registry.ts';
import { folderConnector } from '../destination/folder/folder.ts';
import { createEgress } from '../egress/egress.ts';
import { createLog } from '../log.ts';
import { runCli } from './cli.ts';
import type { CliContext } from './command.ts';

let folder = '';
let yaml = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'writeback-cli-'));
  yaml = join(folder, 'people.yaml');
  await writeFile(join(folder, 'people.csv'), 'id,name\n1,Ada\n2,名\n');
  await writeYaml('');
});
after(() => rm(folder, { recursive: true }));

/** The writeback of two people, one of whom windows-1252 cannot write. */
async function writeYaml(details: string): Promise<void> {
  const source = 'source: { kind: local, path: people.csv }';
  const pane = `details: { fileName: "people_{yyyy}"${details} }`;
  await writeFile(
    yaml,
    `name: People\n${source}\nconnector: folder\ncredentials: { folder: ${folder}/out }\n${pane}\n`,
  );
}

/** Types a command; answers with its exit code and what it printed. */
async function type(words: string, more: Partial<CliContext> = {}) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runCli(words.split(' '), {
    version: '1.2.3',
    registry: createRegistry([folderConnector]),
    egress: createEgress(),
    log: createLog((line) => void err.push(`${line}\n`)),
    signal: new AbortController().signal,
    out: (line) => void out.push(line),
    err: (text) => void err.push(text),
    lively: false,
    ask: async () => '',
    ...more,
  });
  return { code, out, err: err.join('') };
}

const events = (out: readonly string[]) => out.map((line) => JSON.parse(line) as Record<string, unknown>);

test('run prints the receipt as a person reads it', async () => {
  const { code, out, err } = await type(`run ${yaml} --at 2031-05-01`);
  assert.deepEqual([code, err, out[0]], [0, '', 'People: succeeded']);
  assert.ok(out.includes(`  Location  ${folder}/out/people_2031.csv`), out.join('\n'));
  assert.ok(out.includes('  Rows      2 read, 2 written, 0 rejected'));
  assert.deepEqual(await readdir(join(folder, 'out')), ['people_2031.csv']);
});

test('run --json prints events, the receipt last', async () => {
  const { code, out } = await type(`run ${yaml} --json --run-id mine --run-number 7`);
  const [started, receipt] = events(out);
  assert.equal(code, 0);
  assert.deepEqual(started, { event: 'started', run: 'mine', number: 7, dataset: 'people', columns: 2 });
  assert.deepEqual(
    [receipt?.['event'], receipt?.['run'], receipt?.['status'], receipt?.['rowsWritten']],
    ['receipt', 'mine', 'succeeded', 2],
  );
});

test('run --quiet prints nothing when all is well', async () => {
  assert.deepEqual(await type(`run ${yaml} --quiet`), { code: 0, out: [], err: '' });
});

test('rejected rows have an exit code and a receipt of their own', async () => {
  await writeYaml(', encoding: windows1252');
  const told = await type(`run ${yaml}`);
  assert.equal(told.code, 4);
  assert.match(
    told.err,
    /No row may be rejected\. Row 2, column "name": .*\n.*\n\(too-many-rejected-rows\)\n$/,
  );
  const json = await type(`run ${yaml} --json`);
  const receipt = events(json.out).at(-1);
  const error = receipt?.['error'] as Record<string, unknown>;
  assert.deepEqual([json.code, json.err, receipt?.['status']], [4, '', 'failed']);
  assert.deepEqual(
    [error['code'], error['row'], error['column'], error['temporary']],
    ['too-many-rejected-rows', 2, 'name', false],
  );
  await writeYaml(', encoding: windows1252, rejectedRowsLimit: 1');
  const passed = await type(`run ${yaml}`);
  assert.equal(passed.code, 0);
  assert.ok(
    passed.out.some((line) => line.startsWith('  Rejected  row 2, column "name": ')),
    passed.out.join('\n'),
  );
  await writeYaml('');
});

test('a canceled run says so, in text and as a receipt', async () => {
  const signal = AbortSignal.abort(new Error('Canceled.'));
  const told = await type(`run ${yaml}`, { signal });
  assert.deepEqual([told.code, told.err], [130, 'Canceled; nothing half-written was left.\n']);
  const json = await type(`run ${yaml} --json`, { signal });
  assert.deepEqual([json.code, events(json.out).at(-1)?.['status']], [130, 'canceled']);
});

test('words that cannot be are told with what can be, and exit with 2', async () => {
  const mistakes: [string, RegExp][] = [
    ['rum x', /no command "rum".*\n.*run, test/],
    ['run', /was given no words\..*\n.*writeback run FILE\.yaml/],
    [`run ${yaml} --fast`, /--fast.*\n.*writeback run --help/],
    [`run ${yaml} --run-number 0`, /--run-number must be a whole number from 1, not "0"/],
    [`run ${yaml} --at soon`, /--at must be a date and time/],
    [`run ${folder}/none.yaml`, /none\.yaml cannot be read/],
  ];
  for (const [words, sentence] of mistakes) {
    const { code, out, err } = await type(words);
    assert.deepEqual([code, out], [2, []], words);
    assert.match(err, sentence);
  }
});

test('preview and datasets show the rows without writing', async () => {
  const preview = await type(`preview ${yaml}`);
  assert.match(
    preview.out.join('\n'),
    /^people: 2 columns → Folder\nWould be written as: people_\d{4}\.csv\n/,
  );
  assert.ok(preview.out.includes('1   Ada'), preview.out.join('\n'));
  const described = await type(`datasets ${yaml} --describe --json`);
  assert.deepEqual(events(described.out)[0]?.['columns'], [
    { name: 'id', type: 'LONG' },
    { name: 'name', type: 'STRING' },
  ]);
});

test('test tells each step, and exits with 2 when one fails', async () => {
  const good = await type(`test ${yaml}`);
  assert.equal(good.code, 0);
  assert.ok(good.out.every((line) => line.startsWith('  ✓ ')) && good.out.length > 0, good.out.join('\n'));
  const lost = join(folder, 'lost.yaml');
  await writeFile(join(folder, 'file'), '');
  await writeFile(
    lost,
    `name: Lost\nsource: { kind: local, path: people.csv }\nconnector: folder\ncredentials: { folder: ${folder}/file }\n`,
  );
  const bad = await type(`test ${lost}`);
  assert.equal(bad.code, 2);
  assert.ok(
    bad.out.some((line) => line.startsWith('  ✗ ')),
    bad.out.join('\n'),
  );
});

test('a command at a server needs one, and the key that opens it', async () => {
  const before = { ...process.env };
  process.env['XDG_CONFIG_HOME'] = join(folder, 'nobody');
  try {
    for (const words of ['runs', 'run Sales', 'accounts', 'export x', 'keys rotate'])
      assert.match((await type(words)).err, /^No server is named\.\nSign in with "writeback sign-in"/, words);
    assert.match(
      (await type('runs --url http://127.0.0.1:9')).err,
      /You are not signed in to http:\/\/127\.0\.0\.1:9\./,
    );
    assert.match((await type('runs --url localhost')).err, /"localhost" is not the address of a server/);
  } finally {
    for (const name of Object.keys(process.env)) delete process.env[name];
    Object.assign(process.env, before);
  }
});

test('a server that is not there may come back: exit code 3', async () => {
  const closed = createServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const { port } = closed.address() as AddressInfo;
  const half = createServer((socket) => socket.end('HTTP/1.1 200')).listen(0, '127.0.0.1');
  await once(half, 'listening');
  closed.close();
  const ask = async () => 'x';
  const gone = await type(`sign-in --url http://127.0.0.1:${port}`, { ask });
  assert.deepEqual([gone.code, /\(connection-refused\)/.test(gone.err)], [3, true], gone.err);
  const cut = await type(`sign-in --url http://127.0.0.1:${(half.address() as AddressInfo).port}`, { ask });
  half.close();
  assert.deepEqual([cut.code, cut.err.startsWith('No connection to 127.0.0.1:')], [3, true], cut.err);
});

test('actions that cannot be are told with what to type', async () => {
  const mistakes: [string, RegExp][] = [
    ['accounts drop x', /"accounts" has no action "drop"/],
    ['accounts toString', /"accounts" has no action "toString"/],
    ['setup http://127.0.0.1', /was given 1 word\.\nType: writeback setup\n/],
    ['accounts share x', /was given 1 word\.\n.*writeback accounts share NAME E-MAIL ACCESS/],
    ['db', /was given no words/],
    ['runs --state odd --url http://x', /There is no state "odd"/],
    ['upload', /was given no words/],
  ];
  for (const [words, sentence] of mistakes) {
    const { code, err } = await type(words);
    assert.equal(code, 2, words);
    assert.match(err, sentence);
  }
});

test('what a folder describes is checked before a server is asked', async () => {
  const yamls: [string, RegExp][] = [
    ['account: A\nconnector: folder\nfoo: 1\n', /one\.yaml:3: foo: An account has no "foo"/],
    ['name: A\nconnector: folder\nsource: { kind: local }\n', /one\.yaml:\d+: dataset: "dataset" is missing/],
    [
      'name: A\nconnector: folder\nsource: { kind: local, path: x.csv, columns: { id: LONG } }\n',
      /one\.yaml:3: source\.columns: .* types that its upload inferred/,
    ],
    [
      'account: A\nconnector: domo\ncredentials: { clientId: a, clientSecret: b }\n',
      /stands in the file in plain text/,
    ],
  ];
  for (const [text, sentence] of yamls) {
    await writeFile(join(folder, 'one.yaml'), text);
    const { code, err } = await type(`apply ${folder}/one.yaml --plan`);
    assert.equal(code, 2);
    assert.match(err, sentence);
  }
});

test('every command has a help, and every shell a completion that knows the commands', async () => {
  const { out } = await type('--help');
  const local = ['run', 'test', 'preview', 'connectors', 'datasets', 'schema', 'completion', 'db', 'keys'];
  const remote = [
    'setup',
    'sign-in',
    'apply',
    'export',
    'upload',
    'writebacks',
    'accounts',
    'alerts',
    'people',
    'runs',
    'logs',
  ];
  const names = [...local, ...remote, 'sign-out', 'whoami', 'cancel', 'retry', 'api-keys'];
  for (const name of names) {
    assert.match(out.join('\n'), new RegExp(`\\b${name}\\b`));
    assert.match((await type(`${name} --help`)).out.join('\n'), new RegExp(`writeback ${name}`));
  }
  for (const shell of ['bash', 'zsh', 'fish']) {
    const script = (await type(`completion ${shell}`)).out.join('\n');
    for (const word of [...names, 'run-number', 'versions', 'prune'])
      assert.ok(script.includes(word), `${shell}: ${word}`);
  }
  assert.equal((await type('completion tcsh')).code, 2);
});
