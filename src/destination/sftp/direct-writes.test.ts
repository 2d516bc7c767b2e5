import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import ssh2, { type Algorithms, type Client, type SFTPWrapper } from 'ssh2';
import { startSftp } from '../../../test/servers/sftp-stand-in.ts';
import { type DirectWrites, directWritesOver, frameHead } from './direct-writes.ts';

type Done<T> = (error: Error | null | undefined, value: T) => void;

const promise = <T>(start: (done: Done<T>) => void) =>
  new Promise<T>((done, fail) => start((error, value) => (error ? fail(error) : done(value))));

/** ssh2's own client, signed in to a stand-in. */
async function signedIn(context: TestContext, algorithms: Algorithms = {}) {
  const server = await startSftp();
  const { host, port, username, password, directory } = server;
  const socket = connect({ host, port, noDelay: true });
  const client = new ssh2.Client();
  client.connect({ sock: socket, username, password, algorithms });
  await once(client, 'ready');
  context.after(async () => {
    client.on('error', () => {}).end();
    await server.stop();
  });
  return { client, socket, directory };
}

async function opened(client: Client, direct: (sftp: SFTPWrapper) => DirectWrites | undefined) {
  const sftp = await promise<SFTPWrapper>((done) => client.sftp(done));
  const handle = await promise<Buffer>((done) => sftp.open('/a', 'w', done));
  const writes = direct(sftp);
  assert.ok(writes);
  const write = (text: string, position: number) => {
    const frame = Buffer.concat([Buffer.alloc(frameHead(handle)), Buffer.from(text)]);
    return promise<void>((done) => writes.write(handle, frame, position, (error) => done(error, undefined)));
  };
  const close = () => promise<void>((done) => sftp.close(handle, (error) => done(error, undefined)));
  return { write, close };
}

for (const cipher of ['aes128-gcm@openssh.com', 'chacha20-poly1305@openssh.com'] as const) {
  test(`a write that comes while keys are exchanged goes out with the new ones: ${cipher}`, async (context) => {
    const { client, socket, directory } = await signedIn(context, { cipher: [cipher] });
    const direct = directWritesOver(client, socket);
    assert.ok(direct);
    const { write, close } = await opened(client, direct);
    for (const [position, text] of ['one ', 'two ', 'six '].entries()) {
      // Servers ask for it when they like; ssh2's client has no public name for it.
      (client as unknown as { _protocol: { rekey(): void } })._protocol.rekey();
      await write(text, position * 4);
    }
    await close();
    assert.equal(readFileSync(join(directory, 'a'), 'latin1'), 'one two six ');
  });
}

test('a connection that compresses, or is not the ssh2 that is known, is left to its public functions', async (context) => {
  const { client, socket } = await signedIn(context, { compress: ['zlib@openssh.com'] });
  assert.equal(directWritesOver(client, socket), undefined);
  assert.equal(directWritesOver({} as Client, socket), undefined);
});
