import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { SftpStandInOptions } from '../../../test/servers/sftp-stand-in.ts';
import {
  bytesOf,
  expectedBytes,
  standInTrial,
  userError,
  workOf,
  writeTrial,
} from '../../../test/servers/sftp-trial.ts';
import { makeKey } from '../../../test/servers/ssh-keys.ts';
import { startJailedSshd } from '../../../test/servers/sshd.ts';
import type { FileConnector, TestStep } from '../../connector/contract.ts';
import { TemporaryError, type UserError } from '../../errors.ts';
import { sftpConnector } from './sftp.ts';

const connector = sftpConnector as FileConnector;

test('a file arrives whole, under its name only, and again over itself', async (context) => {
  const { credentials, names, content } = await standInTrial(context);
  for (const size of [1_000_000, 0, 3_333_333]) {
    const { published } = await writeTrial({ credentials, body: bytesOf(size) });
    assert.deepEqual(names(), ['a.csv']);
    assert.deepEqual(content(), await expectedBytes(size));
    assert.match(published[0]?.location ?? '', /^sftp:\/\/127\.0\.0\.1:\d+\/in\/a\.csv$/);
  }
});

test('what killed attempts left is replaced and removed', async (context) => {
  const { server, credentials, names } = await standInTrial(context);
  await writeTrial({ credentials });
  server.faults.denied = ['RENAME', 'REMOVE'];
  await assert.rejects(writeTrial({ credentials }), userError('sftp-rename-refused'));
  assert.equal(names().length, 2);
  server.faults.denied = undefined;
  await writeTrial({ credentials });
  assert.deepEqual(names(), ['a.csv']);
});

test('every way to sign in is followed', async (context) => {
  const key = makeKey();
  for (const signIn of ['any', 'password', 'publickey', 'keyboard-interactive', 'both'] as const) {
    const { credentials, names, server } = await standInTrial(context, { signIn, publicKeys: [key.public] });
    await writeTrial({ credentials: { ...credentials, sshPrivateKey: key.private } });
    assert.deepEqual(names(), ['a.csv'], signIn);
    assert.equal(server.attempts[0], 'publickey');
  }
});

test('a key of either kind signs at once, without being asked for first', async (context) => {
  for (const type of ['ed25519', 'rsa'] as const) {
    const key = makeKey(type);
    const options = { signIn: 'publickey', publicKeys: [key.public] } as const;
    const { credentials, server } = await standInTrial(context, options);
    await writeTrial({ credentials: { ...credentials, sshPrivateKey: key.private } });
    assert.deepEqual(server.attempts, ['publickey'], type);
  }
});

test('a refused sign-in says what is missing', async (context) => {
  const stranger = makeKey().private;
  const cases: [SftpStandInOptions, Record<string, unknown>, string, RegExp][] = [
    [{}, { password: 'wrong' }, 'sftp-login-refused', /refused to sign in writer with a password/],
    [{ signIn: 'publickey' }, {}, 'sftp-login-refused', /wants a private key/],
    [{ signIn: 'both' }, { sshPrivateKey: stranger }, 'sftp-login-refused', /with a private key/],
    [{ signIn: 'code' }, {}, 'sftp-login-refused', /Verification code/],
    [{ expired: true }, {}, 'sftp-password-expired', /expired/],
  ];
  for (const [options, change, code, text] of cases) {
    const { credentials, names } = await standInTrial(context, options);
    await assert.rejects(writeTrial({ credentials: { ...credentials, ...change } }), (error: Error) => {
      assert.match(error.message, text);
      return userError(code)(error);
    });
    assert.deepEqual(names(), []);
  }
});

test('nothing is sent to a host whose key is unknown or changed', async (context) => {
  const { server, credentials } = await standInTrial(context);
  const refused = async (hostKey: string | undefined, code: string) => {
    await assert.rejects(writeTrial({ credentials: { ...credentials, hostKey } }), (error: UserError) => {
      assert.ok(error.remedy?.includes(server.hostKeyFingerprint));
      return userError(code)(error);
    });
  };
  await refused(undefined, 'sftp-host-key-unknown');
  await refused(`SHA256:${'A'.repeat(43)}`, 'sftp-host-key-changed');
  assert.deepEqual(server.attempts, []);
  const both = `# two nodes\nSHA256:${'A'.repeat(43)}\n${server.hostKeyFingerprint}`;
  await writeTrial({ credentials: { ...credentials, hostKey: both } });
  const { warnings } = await writeTrial({
    credentials: { ...credentials, hostKey: undefined, acceptUnknownHostKey: true },
  });
  assert.match(warnings.join(), /trusted/);
});

test('a full disk, a vanished and a shortened file are errors, and nothing is published', async (context) => {
  const { server, credentials, names } = await standInTrial(context);
  const fails = async (faults: typeof server.faults, check: (error: unknown) => boolean) => {
    Object.assign(
      server.faults,
      { diskSize: undefined, diskText: undefined, vanish: undefined, short: undefined },
      faults,
    );
    server.counts.written = 0;
    await assert.rejects(writeTrial({ credentials }), check);
    assert.deepEqual(names(), []);
  };
  await fails({ diskSize: 500_000, diskText: 'No space left on device' }, userError('sftp-disk-full'));
  await fails({ diskSize: 500_000 }, userError('sftp-write-refused'));
  await fails({ vanish: true }, userError('sftp-file-incomplete'));
  await fails(
    { short: true },
    (error) => error instanceof TemporaryError && error.code === 'sftp-file-incomplete',
  );
});

test('a broken connection is temporary, and the half-written file is removed', async (context) => {
  const { server, credentials, names } = await standInTrial(context, { faults: { dropAfter: 300_000 } });
  await assert.rejects(
    writeTrial({ credentials }),
    (error) => error instanceof TemporaryError && error.code === 'sftp-connection-lost',
  );
  assert.deepEqual(names(), []);
  server.faults.dropAfter = undefined;
  await writeTrial({ credentials });
  assert.deepEqual(names(), ['a.csv']);
});

test('an abort midway ends soon and cleans up', async (context) => {
  const { credentials, names } = await standInTrial(context);
  const controller = new AbortController();
  async function* body() {
    yield* bytesOf(5_000_000);
    controller.abort(new Error('stopped'));
    yield* bytesOf(5_000_000);
  }
  await assert.rejects(writeTrial({ credentials, body: body(), signal: controller.signal }), /stopped/);
  assert.deepEqual(names(), []);
});

test('every rung of the rename ladder replaces the old file', async (context) => {
  for (const faults of [{ renameReplaces: true }, {}, { oldIsFixed: true }, { loseRenameAnswer: true }]) {
    const { server, credentials, names, content } = await standInTrial(context);
    mkdirSync(join(server.directory, 'in'));
    writeFileSync(join(server.directory, 'in/a.csv'), 'old');
    Object.assign(server.faults, faults);
    await writeTrial({ credentials });
    assert.deepEqual(names(), ['a.csv'], JSON.stringify(faults));
    assert.deepEqual(content(), await expectedBytes(1_000_000));
  }
});

test('a server that takes writes only in order gets them in order', async (context) => {
  const { server, credentials, content } = await standInTrial(context, { faults: { inOrderOnly: true } });
  const { warnings } = await writeTrial({ credentials, details: { concurrentWrites: false } });
  assert.deepEqual(warnings, []);
  assert.deepEqual(content(), await expectedBytes(1_000_000));
  assert.ok(server.counts.writes > 30);
});

test('a drop box without rename wants Write In Place', async (context) => {
  const { server, credentials, names } = await standInTrial(context, {
    faults: { denied: ['RENAME', 'STAT', 'MKDIR'] },
  });
  mkdirSync(join(server.directory, 'in'));
  await assert.rejects(writeTrial({ credentials }), userError('sftp-rename-refused'));
  const { warnings } = await writeTrial({ credentials, details: { writeInPlace: true } });
  assert.equal(warnings.length, 2);
  assert.deepEqual(names(), ['a.csv']);
});

test('a place where nothing may be written is told by its path', async (context) => {
  const { credentials } = await standInTrial(context, { faults: { readOnly: true } });
  await assert.rejects(writeTrial({ credentials }), userError('sftp-permission-denied'));
  const missing = await standInTrial(context);
  const details = { createFolders: false };
  await assert.rejects(
    writeTrial({ credentials: missing.credentials, details }),
    userError('sftp-path-missing'),
  );
});

test('the connection test names its steps and leaves nothing behind', async (context) => {
  const { server, credentials } = await standInTrial(context);
  const steps = async (change: object) => {
    const found: TestStep[] = [];
    const given = workOf({ credentials: { ...credentials, ...change }, details: { path: '/' } });
    for await (const step of connector.testConnection(given)) found.push(step);
    return found;
  };
  const good = await steps({});
  const names = ['resolve', 'connect', 'host key', 'sign in', 'folder', 'write probe'];
  assert.deepEqual(
    good.map(({ name, ok }) => [name, ok]),
    names.map((name) => [name, true]),
  );
  assert.deepEqual(readdirSync(server.directory), []);
  const unknown = (await steps({ hostKey: undefined })).at(-1);
  assert.deepEqual([unknown?.name, unknown?.ok], ['host key', false]);
  assert.ok(unknown?.remedy?.includes(server.hostKeyFingerprint));
  assert.equal((await steps({ password: 'wrong' })).at(-1)?.name, 'sign in');
});

test('a really full disk of sshd is told as such', async (context) => {
  const server = await startJailedSshd({ megabytes: 8 });
  if (!server) return context.skip('no root, or no namespaces');
  context.after(() => server.stop());
  const { port, username, password, hostKeyFingerprint: hostKey } = server;
  const credentials = { hostname: '127.0.0.1', port, username, password, hostKey };
  await assert.rejects(writeTrial({ credentials, body: bytesOf(30_000_000) }), userError('sftp-disk-full'));
  await writeTrial({ credentials, body: bytesOf(5_000_000) });
});
