import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { read, signal, startDomoRig } from '../../../test/servers/domo-rig.ts';
import type { OutputHead } from '../output-streams.ts';

const rig = await startDomoRig();
after(() => rig.stand.stop());
const { faults } = rig.stand;

let heads = 0;
/** An output DataSet of its own. */
function newHead(): OutputHead {
  heads += 1;
  const columns = [
    { name: 'rows', type: 'LONG' },
    { name: 'text', type: 'STRING' },
    { name: 'started', type: 'DATETIME' },
  ] as const;
  return { name: `Output ${heads}`, description: `Output of the writeback ${heads}.`, columns };
}

const outputs = () => rig.source().outputs!;
const one = '1,"a ""b"", c",2026-01-01T00:00:00\n';
const two = '2,"",\n';

async function publish(head: OutputHead, method: 'REPLACE' | 'APPEND', ...parts: string[]) {
  const streams = outputs();
  const place = await streams.open(head, signal);
  const execution = await streams.begin(place, head, method, signal);
  for (const [index, part] of parts.entries())
    await streams.upload(place, execution, index + 1, part, signal);
  await streams.commit(place, execution, signal);
  assert.equal(await streams.state(place, execution, signal), 'succeeded');
  return place;
}

const rowsOf = async (datasetId: string) => (await read(await rig.open(datasetId))).split('\n').slice(1, -1);

test('a DataSet is made once, replaced and added to, and can be read', async () => {
  const head = newHead();
  const place = await publish(head, 'REPLACE', one, two);
  assert.deepEqual(await rowsOf(place.datasetId), [one.trim(), two.trim()]);
  assert.deepEqual(await publish(head, 'APPEND', one), place, 'known again by what describes it');
  assert.equal((await rowsOf(place.datasetId)).length, 3);
  await publish(head, 'REPLACE', two);
  assert.deepEqual(await rowsOf(place.datasetId), [two.trim()]);
  const { columns } = await rig.source().describe(place.datasetId, signal);
  assert.deepEqual(columns, head.columns);
});

test('name and columns become what they are now', async () => {
  const head = newHead();
  const { datasetId } = await publish(head, 'REPLACE', one);
  const other = { ...head, name: 'Renamed', columns: [{ name: 'rows', type: 'DOUBLE' as const }] };
  const streams = outputs();
  const place = await streams.open(head, signal);
  const execution = await streams.begin(place, other, 'REPLACE', signal);
  await streams.upload(place, execution, 1, '1.5\n', signal);
  await streams.commit(place, execution, signal);
  const { name, columns } = await rig.source().describe(datasetId, signal);
  assert.deepEqual([name, columns], ['Renamed', other.columns]);
});

test('an execution is active until it is committed or aborted, and then takes nothing more', async () => {
  const head = newHead();
  const streams = outputs();
  const place = await streams.open(head, signal);
  const first = await streams.begin(place, head, 'REPLACE', signal);
  assert.equal(await streams.state(place, first, signal), 'active');
  await assert.rejects(streams.begin(place, head, 'REPLACE', signal), { code: 'domo-publish-refused' });
  await streams.upload(place, first, 1, one, signal);
  await streams.upload(place, first, 1, two, signal);
  await streams.abort(place, first, signal);
  assert.equal(await streams.state(place, first, signal), 'ended');
  await assert.rejects(streams.commit(place, first, signal), { code: 'domo-publish-refused' });
  assert.deepEqual(await rowsOf(place.datasetId), []);
  assert.equal(await streams.state(place, 99, signal), 'gone');
});

test('what Domo refuses is told with its words', async () => {
  const head = newHead();
  const streams = outputs();
  const place = await streams.open(head, signal);
  const execution = await streams.begin(place, head, 'REPLACE', signal);
  await assert.rejects(streams.upload(place, execution, 1, '1,a,,4\n', signal), {
    name: 'UserError',
    code: 'domo-publish-refused',
    message: /too many columns\. Expected 3/,
  });
  faults.next('commit', 'rate-limit');
  await assert.rejects(streams.commit(place, execution, signal), {
    name: 'TemporaryError',
    code: 'domo-rate-limit',
  });
  rig.stand.dataset(place.datasetId).deleted = true;
  await assert.rejects(streams.begin(place, head, 'REPLACE', signal), { code: 'domo-stream-gone' });
  const again = await streams.open(head, signal);
  assert.notEqual(again.datasetId, place.datasetId, 'one that was deleted is made anew');
});

test('a making whose answer was lost is found, not done again', async () => {
  const head = newHead();
  faults.next('create', 'cut');
  await assert.rejects(outputs().open(head, signal), { name: 'TemporaryError' });
  const { datasetId } = await outputs().open(head, signal);
  const made = rig.stand.datasets().filter(({ name }) => name === head.name);
  assert.deepEqual(
    made.map(({ id }) => id),
    [datasetId],
  );
});
