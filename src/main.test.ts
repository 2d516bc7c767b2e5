import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { text } from 'node:stream/consumers';

const main = new URL('./main.ts', import.meta.url).pathname;

test('a reader that closes early, such as head, is no error', async () => {
  const child = spawn(process.execPath, [main, 'connectors', 's3-unload'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  const told = text(child.stderr);
  const [code] = (await once(child, 'exit')) as [number | null];
  assert.equal(await told, '');
  assert.equal(code, 0);
});
