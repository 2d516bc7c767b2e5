import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { createAsk } from './ask.ts';

/** What is piped in, as the standard input of a script. */
function piped(text: string) {
  const input = new PassThrough();
  input.end(text);
  return createAsk({
    input: input as unknown as NodeJS.ReadStream,
    output: new PassThrough() as unknown as NodeJS.WriteStream,
  });
}

test('where nobody sits, the answers are the lines of standard input', async () => {
  const ask = piped('Ada\r\n\nsecret with blanks \n');
  assert.deepEqual(
    [await ask('Name'), await ask('Empty'), await ask('Password', true)],
    ['Ada', '', 'secret with blanks '],
  );
});

test('when there is no further line, it is told', async () => {
  const ask = piped('one');
  assert.equal(await ask('First'), 'one');
  await assert.rejects(ask('Second'), { code: 'ask-nobody' });
});

test('what is hidden is not shown while it is typed', async () => {
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => {} });
  const output = new PassThrough();
  const shown: string[] = [];
  output.on('data', (piece: Buffer) => shown.push(piece.toString()));
  const ask = createAsk({
    input: input as unknown as NodeJS.ReadStream,
    output: output as unknown as NodeJS.WriteStream,
  });
  const answer = ask('Password', true);
  input.write('hush\r');
  assert.equal(await answer, 'hush');
  assert.match(shown.join(''), /^Password: /);
  assert.doesNotMatch(shown.join(''), /hush/);
});
