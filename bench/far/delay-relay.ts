// Passes bytes on, each block half a round trip late in either direction: a server far away. The line itself is fast.
import { type Socket, connect, createServer } from 'node:net';
import { listen } from './far.ts';

const [port = 0, milliseconds = 20] = process.argv.slice(2).map(Number);
/** What may be on its way in one direction; more than any window of SSH. */
const most = 256 << 20;

/** Blocks keep their distance in time, so one timer for the oldest is enough. */
function pass(from: Socket, to: Socket): void {
  const waiting: { readonly due: number; readonly bytes: Buffer }[] = [];
  let held = 0;
  let timer: NodeJS.Timeout | undefined;
  const flush = () => {
    timer = undefined;
    while (waiting[0] && waiting[0].due <= performance.now()) {
      const { bytes } = waiting.shift() as { bytes: Buffer };
      held -= bytes.length;
      to.write(bytes);
    }
    if (held < most && from.isPaused()) from.resume();
    if (waiting[0]) timer = setTimeout(flush, Math.max(0, waiting[0].due - performance.now()));
  };
  from.on('data', (bytes: Buffer) => {
    waiting.push({ due: performance.now() + milliseconds, bytes });
    held += bytes.length;
    if (held >= most) from.pause();
    timer ??= setTimeout(flush, milliseconds);
  });
  from.on('close', () => setTimeout(() => to.destroySoon(), milliseconds + 5));
}

const server = createServer({ noDelay: true }, (near) => {
  const far = connect({ port, host: '127.0.0.1', noDelay: true });
  for (const socket of [near, far]) socket.on('error', () => socket.destroy()).unref();
  pass(near, far);
  pass(far, near);
});
await listen(server, () => ({ pieces: 0, bytes: 0, documents: 0, crc32: 0 }));
