import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { credentialsOf } from '../../../test/servers/sftp-target.ts';
import { workOf } from '../../../test/servers/sftp-trial.ts';
import { startSshd } from '../../../test/servers/sshd.ts';
import { flushEarly } from './flush-early.ts';
import { readAccess } from './sftp-access.ts';
import type { SftpChannel } from './sftp-channel.ts';
import type { SftpSession } from './sftp-session.ts';
import { withSession } from './ssh-session.ts';
import { type Lane, stripe } from './stripes.ts';

/** A session with a real sshd whose second channel tells what it was asked; `flushed` stands in for the server's own answer. */
async function lend(
  context: TestContext,
  maxSessions: number,
  use: (session: SftpSession, asked: string[], signal: AbortSignal) => Promise<void>,
  flushed?: () => Promise<boolean>,
): Promise<void> {
  const server = await startSshd({ lines: [`MaxSessions ${maxSessions}`] });
  if (!server) return context.skip('not installed');
  context.after(() => server.stop());
  const { credentials, egress, signal } = workOf({ credentials: credentialsOf(server) });
  const asked: string[] = [];
  const told = (channel: SftpChannel): SftpChannel => ({
    ...channel,
    async flush(handle) {
      asked.push('flush');
      return flushed ? flushed() : channel.flush(handle);
    },
    async close(handle) {
      asked.push('close');
      await channel.close(handle);
    },
  });
  await withSession(readAccess(credentials), { egress, signal }, async (session) => {
    const another = async (number: number) => {
      asked.push('another');
      const maker = await session.another(number);
      return (ending: AbortSignal) => told(maker(ending));
    };
    await use({ ...session, another }, asked, signal);
  });
}

const megabytes = (count: number) => count * 1_000_000;

/** Creates the file and has it flushed; the early flush is over when this returns. */
async function flushing(session: SftpSession, signal: AbortSignal, positions: readonly number[]) {
  await session.channel(signal).create('large');
  const early = flushEarly(session, 'large', signal);
  for (const position of positions) early.reached(position);
  await early.close();
}

test('a large file is flushed over a second channel, one flush at a time, and closed', async (context) => {
  await lend(context, 10, async (session, asked, signal) => {
    await flushing(session, signal, [0, 63, 64, 65, 200].map(megabytes));
    assert.deepEqual(asked, ['another', 'flush', 'close']);
  });
});

test('the next flush comes when the last one is over and as much was written again', async (context) => {
  let over: (() => void) | undefined;
  const answered = new Promise<void>((done) => (over = done));
  const flushed = async () => {
    setImmediate(() => over?.());
    return true;
  };
  await lend(
    context,
    10,
    async (session, asked, signal) => {
      await session.channel(signal).create('large');
      const early = flushEarly(session, 'large', signal);
      early.reached(megabytes(64));
      await answered;
      early.reached(megabytes(127));
      early.reached(megabytes(128));
      early.reached(megabytes(192));
      await early.close();
      assert.deepEqual(asked, ['another', 'flush', 'flush', 'close']);
    },
    flushed,
  );
});

test('a small file opens no channel', async (context) => {
  await lend(context, 10, async (session, asked, signal) => {
    await flushing(session, signal, [0, 20, 63].map(megabytes));
    assert.deepEqual(asked, []);
  });
});

test('a server that allows no second channel is asked once, and nothing fails', async (context) => {
  await lend(context, 1, async (session, asked, signal) => {
    await flushing(session, signal, [64, 200].map(megabytes));
    assert.deepEqual(asked, ['another']);
  });
});

for (const [name, flushed] of [
  ['does not offer to flush', async () => false],
  ['fails to flush', () => Promise.reject(new Error('Failure'))],
] as const) {
  test(`a server that ${name} is asked once, and nothing fails`, async (context) => {
    await lend(
      context,
      10,
      async (session, asked, signal) => {
        await session.channel(signal).create('large');
        const early = flushEarly(session, 'large', signal);
        early.reached(megabytes(64));
        while (!asked.includes('flush')) await new Promise(setImmediate);
        await new Promise(setImmediate);
        early.reached(megabytes(500));
        await early.close();
        assert.deepEqual(asked, ['another', 'flush', 'close']);
      },
      flushed,
    );
  });
}

test('the only lane of a near server has its file flushed; where a file may not be open twice nothing is', async (context) => {
  await lend(context, 10, async (session, asked, signal) => {
    const channel = session.channel(signal);
    const first: Lane = { channel, handle: await channel.create('large'), underWay: 0 };
    for (const [sharedWindow, wanted] of [
      [undefined, []],
      [session.sharedWindow, ['another', 'flush', 'close']],
    ] as const) {
      const stripes = stripe({ ...session, sharedWindow }, first, 'large', signal);
      assert.equal(stripes.pick(megabytes(64)), first);
      await stripes.close();
      assert.deepEqual(asked, wanted);
    }
  });
});
