import { TemporaryError } from '../errors.ts';
import type { Server } from './server.ts';

/** One event of a run, as `runEvents` of the contract has it. */
export interface LiveEvent {
  readonly id: number;
  readonly kind: 'state' | 'progress' | 'log';
  readonly message: string;
}

/** The lines of a text that comes in pieces. */
async function* linesOf(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const piece of pieces) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split(/\r?\n/);
    rest = lines.pop() ?? '';
    yield* lines;
  }
}

/** Server-sent events after the one with the id `last`: of each the JSON in its `data`. Ends when the server ends it. */
export async function* readEvents(
  { url, fetch, headers }: Server,
  path: string,
  last: number,
): AsyncGenerator<LiveEvent> {
  const since = last > 0 ? { 'last-event-id': String(last) } : {};
  const answer = await fetch(`${url}/api${path}`, { headers: { ...headers, ...since } });
  if (!answer.ok || !answer.body)
    throw new TemporaryError(
      'server-events',
      `The server answered ${answer.status} to the question for events.`,
    );
  for await (const line of linesOf(answer.body))
    if (line.startsWith('data:')) yield JSON.parse(line.slice('data:'.length)) as LiveEvent;
}
