import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, describe, test } from 'node:test';
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { startProftpd } from '../../../test/servers/proftpd.ts';
import { startRcloneSftp } from '../../../test/servers/rclone-sftp.ts';
import type { SftpServer } from '../../../test/servers/sftp-server.ts';
import { credentialsOf } from '../../../test/servers/sftp-target.ts';
import {
  bytesOf,
  expectedBytes,
  standInTrial,
  userError,
  workOf,
  writeTrial,
} from '../../../test/servers/sftp-trial.ts';
import { makeKey } from '../../../test/servers/ssh-keys.ts';
import { startSshd } from '../../../test/servers/sshd.ts';
import { startFaultProxy } from '../../connector/conformance/fault-proxy.ts';
import { TemporaryError } from '../../errors.ts';
import { readAccess } from './sftp-access.ts';
import { createSftpConnector } from './sftp.ts';
import type { SftpSession } from './sftp-session.ts';
import { withSession } from './ssh-session.ts';
import { type Lane, bytesUnderWay, lanesFor, stripe } from './stripes.ts';
import { writeBody } from './write-body.ts';

type Real = SftpServer & { readonly directory: string };

/** A real server for the length of a test; undefined, and the test skipped, when it is not installed. */
async function lend<S extends Real>(
  context: TestContext,
  starting: Promise<S | undefined>,
): Promise<S | undefined> {
  const server = await starting;
  if (server) context.after(() => server.stop());
  else context.skip('not installed');
  return server;
}

const stored = (server: Real) => readFileSync(join(server.directory, 'in/a.csv'));

async function* unhurried(body: AsyncIterable<Uint8Array>) {
  for await (const chunk of body) {
    yield chunk;
    await turnOfTheLoop();
  }
}

const ciphers = [
  'aes128-gcm@openssh.com',
  'aes256-gcm@openssh.com',
  'chacha20-poly1305@openssh.com',
  'aes128-ctr',
  'aes256-ctr',
];

for (const direct of [true, false]) {
  const connector = createSftpConnector({ direct });

  describe(direct ? 'past ssh2' : 'through ssh2', () => {
    test('every cipher carries the bytes, over many exchanges of keys', async (context) => {
      for (const cipher of ciphers) {
        const server = await lend(context, startSshd({ lines: [`Ciphers ${cipher}`, 'RekeyLimit 1M'] }));
        if (!server) return;
        // Unhurried, so that pieces become ready while keys are exchanged and not only when answers come.
        const body = unhurried(bytesOf(12_000_000));
        await writeTrial({ connector, credentials: credentialsOf(server), body });
        assert.ok(stored(server).equals(await expectedBytes(12_000_000)), cipher);
      }
    });

    test('sshd lets an RSA key in, with a signature that is still taken', async (context) => {
      const key = makeKey('rsa');
      const server = await lend(context, startSshd({ publicKeys: [key.public] }));
      if (!server) return;
      const credentials = { ...credentialsOf(server), sshPrivateKey: key.private };
      await writeTrial({ connector, credentials, body: bytesOf(1000) });
      assert.ok(stored(server).equals(await expectedBytes(1000)));
    });

    test('an sshd without SFTP says so', async (context) => {
      const server = await lend(context, startSshd({ lines: ['ForceCommand /bin/echo hello'] }));
      if (!server) return;
      const trial = { connector, credentials: credentialsOf(server), body: bytesOf(1000) };
      await assert.rejects(writeTrial(trial), userError('sftp-noisy-shell'));
    });

    test('other requests find their way between the writes', async (context) => {
      const server = await lend(context, startSshd({ lines: ['RekeyLimit 1M'] }));
      if (!server) return;
      const wanted = await expectedBytes(20_000_000);
      await withTrialSession(server, direct, async (session, signal) => {
        assert.equal(session.direct, direct);
        const [channel, other] = [session.channel(signal), session.channel(signal)];
        const first: Lane = { channel, handle: await channel.create('big'), underWay: 0 };
        const asking = (async () => {
          for (let count = 0; count < 200; count += 1)
            assert.equal(typeof (await other.stat('.')).size, 'number');
        })();
        const options = { size: session.writeSize(first.handle.length), concurrent: true };
        const stripes = stripe(session, first, 'big', signal);
        assert.deepEqual(await writeBody(first, stripes, bytesOf(wanted.length), options), {
          bytes: wanted.length,
          careful: false,
        });
        await asking;
        await channel.close(first.handle);
      });
      assert.ok(readFileSync(join(server.directory, 'big')).equals(wanted));
    });

    test('ProFTPD and sshd hold exactly what was sent', async (context) => {
      for (const start of [startSshd, startProftpd]) {
        const server = await lend(context, start());
        if (!server) continue;
        for (const size of [0, 1, 229_376, 30_000_000]) {
          await writeTrial({ connector, credentials: credentialsOf(server), body: bytesOf(size) });
          assert.deepEqual(readdirSync(join(server.directory, 'in')), ['a.csv']);
          assert.ok(stored(server).equals(await expectedBytes(size)), `${server.name}, ${size}`);
        }
      }
    });

    test('a server that takes one write at a time gets them one by one, by itself', async (context) => {
      const { credentials, content } = await standInTrial(context, { faults: { oneWriteOnly: true } });
      const { warnings } = await writeTrial({ connector, credentials, body: bytesOf(3_000_000) });
      assert.match(warnings.join(), /one by one/);
      assert.deepEqual(content(), await expectedBytes(3_000_000));
    });

    test('a full disk is told while writes are under way, and nothing stays', async (context) => {
      const { credentials, names } = await standInTrial(context, {
        faults: { diskSize: 2_000_000, diskText: 'No space left on device' },
      });
      const trial = { connector, credentials, body: bytesOf(20_000_000) };
      await assert.rejects(writeTrial(trial), userError('sftp-disk-full'));
      assert.deepEqual(names(), []);
    });

    test('a connection that breaks under full load is temporary, and the file is removed', async (context) => {
      const { credentials, names } = await standInTrial(context, { faults: { dropAfter: 3_000_000 } });
      const trial = { connector, credentials, body: bytesOf(20_000_000) };
      await assert.rejects(writeTrial(trial), (error) => error instanceof TemporaryError);
      assert.deepEqual(names(), []);
    });

    test('an abort with a full window ends it, and nothing stays', async (context) => {
      const server = await lend(context, startSshd());
      if (!server) return;
      const controller = new AbortController();
      async function* body() {
        yield* bytesOf(12_000_000);
        controller.abort(new Error('stopped'));
        yield* bytesOf(12_000_000);
      }
      const trial = {
        connector,
        credentials: credentialsOf(server),
        body: body(),
        signal: controller.signal,
      };
      await assert.rejects(writeTrial(trial), /stopped/);
      assert.deepEqual(readdirSync(join(server.directory, 'in')), []);
    });

    test('far away a large file is striped over channels, as many as the server allows', async (context) => {
      for (const [sessions, lanes] of [
        [10, 7],
        [3, 2],
        [1, 0],
      ] as const) {
        const server = await lend(
          context,
          startSshd({ lines: [`MaxSessions ${sessions}`, 'RekeyLimit 8M'] }),
        );
        if (!server) return;
        assert.equal(await openedLanes(context, server, direct), lanes);
        const wanted = await expectedBytes(12_000_000);
        assert.ok(readFileSync(join(server.directory, 'far')).equals(wanted), `MaxSessions ${sessions}`);
      }
    });
  });
}

function withTrialSession(
  server: SftpServer,
  direct: boolean,
  use: (session: SftpSession, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const { credentials, egress, signal } = workOf({ credentials: credentialsOf(server) });
  return withSession(readAccess(credentials), { egress, signal, direct }, (session) => use(session, signal));
}

/** Writes 12 MB through a line so long that all channels are wanted, and returns how many more were opened for it. */
async function openedLanes(context: TestContext, server: SftpServer, direct: boolean): Promise<number> {
  const proxy = await startFaultProxy(server);
  context.after(() => proxy.stop());
  let opened = 0;
  proxy.latency(25);
  await withTrialSession({ ...server, port: proxy.port }, direct, async (session, signal) => {
    const channel = session.channel(signal);
    const counting: SftpSession = {
      ...session,
      async another(number) {
        const maker = await session.another(number);
        opened += 1;
        return maker;
      },
    };
    const first: Lane = { channel, handle: await channel.create('far'), underWay: 0 };
    const stripes = stripe(counting, first, 'far', signal);
    const size = session.writeSize(first.handle.length);
    await writeBody(first, stripes, bytesOf(12_000_000), { size, concurrent: true });
    await stripes.close();
    await channel.close(first.handle);
  });
  return opened;
}

test('as much is under way as the line holds, over more channels only where a file may be open twice', () => {
  assert.deepEqual([0.3, 20, 400, Infinity].map(bytesUnderWay), [4e6, 8e6, 20e6, 4e6]);
  assert.equal(lanesFor(40, 2_097_152), 8);
  assert.equal(lanesFor(10, 2_097_152), 2);
  assert.equal(lanesFor(1, 2_097_152), 1);
  assert.equal(lanesFor(40, undefined), 1);
  assert.equal(lanesFor(Infinity, 2_097_152), 1);
  assert.equal(lanesFor(40, 2 ** 31), 1);
});

test('rclone, which takes bytes only in their order, gets them so', async (context) => {
  const server = await lend(context, startRcloneSftp());
  if (!server) return;
  const details = { concurrentWrites: false };
  const { warnings } = await writeTrial({
    credentials: credentialsOf(server),
    details,
    body: bytesOf(3_000_000),
  });
  assert.deepEqual(
    warnings.filter((text) => /one by one/.test(text)),
    [],
  );
  assert.ok(stored(server).equals(await expectedBytes(3_000_000)));
});

test("OpenSSH's own client reads back what was written", async (context) => {
  const server = await lend(context, startSshd());
  if (!server) return;
  if (!existsSync('/usr/bin/sftp')) return context.skip('no OpenSSH client');
  const details = { filename: 'Größe #1 & more' };
  await writeTrial(
    { credentials: credentialsOf(server), details, body: bytesOf(5_000_000) },
    'in/Größe #1 & more.csv',
  );
  const copy = join(server.directory, 'copy');
  const batch = join(server.directory, 'batch');
  writeFileSync(batch, `ls -1 in\nget "in/Größe #1 & more.csv" ${copy}\n`);
  const options = [
    'StrictHostKeyChecking=no',
    'UserKnownHostsFile=/dev/null',
    'IdentitiesOnly=yes',
    'LogLevel=ERROR',
  ];
  const words = ['-b', batch, '-P', String(server.port), '-i', server.keyFile];
  const where = `${server.username}@${server.host}`;
  const all = [...words, ...options.flatMap((option) => ['-o', option]), where];
  // Without a locale it prints other letters than those of ASCII by their octal numbers.
  const listed = execFileSync('sftp', all, { env: { ...process.env, LC_ALL: 'C.UTF-8' } }).toString();
  assert.match(listed, /Größe #1 & more\.csv/);
  assert.doesNotMatch(listed, /\.part|\.old/);
  assert.ok(readFileSync(copy).equals(await expectedBytes(5_000_000)));
});
