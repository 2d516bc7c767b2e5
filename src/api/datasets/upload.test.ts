import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { apiParts } from '../../../test/servers/api-parts.ts';
import { openTestStore, storePlaces } from '../../../test/servers/store-places.ts';
import { newPerson } from '../../../test/servers/store-rows.ts';
import { contract } from '../../contract/contract.ts';
import { createLog } from '../../log.ts';
import { listLocalDatasets } from '../../store/local-dataset.ts';
import { apiHandlers } from '../handlers.ts';
import { serve } from '../serve.ts';

describe('uploads over the network', async () => {
  const store = await openTestStore(await storePlaces['own PostgreSQL']!());
  const logged: string[] = [];
  const log = createLog((line) => logged.push(line));
  const parts = await apiParts(store, { log, uploadLimit: 8 * 1024 * 1024 });
  const ann = await newPerson(store.kysely);
  const server = serve({
    contract,
    handlers: apiHandlers(parts),
    identify: async ({ headers }) =>
      headers['x-person'] === undefined ? undefined : { personId: ann.id, role: 'editor' },
    log,
  });
  await server.listen({ port: 0, host: '127.0.0.1' });
  after(async () => {
    // What was refused may still be coming in.
    server.server.closeAllConnections();
    await server.close();
    await parts.engine.stop(1000);
  });
  const { port } = server.server.address() as AddressInfo;
  const files = async () => readdir(join(parts.dataFolder, 'datasets')).catch(() => []);

  async function* csv(rows: number) {
    yield Buffer.from('id,name\n');
    for (let row = 0; row < rows; row += 1000)
      yield Buffer.from(Array.from({ length: 1000 }, (_, at) => `${row + at},name\n`).join(''));
  }
  const upload = (rows: number, headers: Record<string, string> = { 'x-person': 'ann' }) =>
    fetch(`http://127.0.0.1:${port}/api/datasets?name=Big`, {
      method: 'POST',
      headers: { 'content-type': 'text/csv', ...headers },
      body: csv(rows),
      duplex: 'half',
    });

  test('a file of some megabytes streams in and is counted', async () => {
    const answer = await upload(500_000);
    assert.equal(answer.status, 201);
    assert.equal(((await answer.json()) as { rows: number }).rows, 500_000);
  });

  test('one that breaks off leaves nothing, and is no surprise', async () => {
    const before = await files();
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    const head =
      'POST /api/datasets?name=Half HTTP/1.1\r\nhost: x\r\nx-person: ann\r\ncontent-type: text/csv\r\n';
    socket.write(`${head}content-length: 1000000\r\n\r\nid,name\n1,`);
    while ((await files()).length === before.length) await sleep(10);
    socket.resetAndDestroy();
    while ((await files()).length > before.length) await sleep(10);
    assert.deepEqual(await files(), before);
    assert.equal((await listLocalDatasets(store.kysely)).length, 1);
    assert.deepEqual(logged, []);
  });

  test('one that nobody may send, or that is too large, is told so', async () => {
    const [nobody, tooLarge] = await Promise.all([upload(50_000, {}), upload(2_000_000)]);
    assert.equal(nobody.status, 401);
    assert.equal(tooLarge.status, 413);
    assert.equal(((await tooLarge.json()) as { code: string }).code, 'dataset-too-large');
    assert.equal((await files()).length, 1);
    assert.equal((await upload(1000)).status, 201, 'the server goes on');
  });
});
