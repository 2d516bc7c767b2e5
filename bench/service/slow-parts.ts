import { type IncomingMessage, type ServerResponse, createServer, request } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type S3StandIn, startS3 } from '../../test/servers/s3-stand-in.ts';

/** An S3 that takes a while for each part, and nothing of the processor's meanwhile; `stack` stops it. */
export async function slowS3(milliseconds: number, stack: AsyncDisposableStack): Promise<S3StandIn> {
  const server = await startS3();
  stack.defer(() => server.stop());
  const pass = async (asked: IncomingMessage, answer: ServerResponse) => {
    const { method, url = '', headers } = asked;
    if (url.includes('partNumber=')) await sleep(milliseconds);
    const passed = request({ host: server.host, port: server.port, method, path: url, headers });
    asked.pipe(passed);
    const [given] = (await once(passed, 'response')) as [IncomingMessage];
    answer.writeHead(given.statusCode ?? 500, given.headers);
    given.pipe(answer);
  };
  const relay = createServer((asked, answer) => void pass(asked, answer).catch(() => answer.destroy()));
  relay.listen(0, '127.0.0.1');
  await once(relay, 'listening');
  stack.defer(async () => {
    relay.closeAllConnections();
    relay.close();
  });
  return { ...server, endpoint: `http://localhost:${(relay.address() as AddressInfo).port}` };
}
