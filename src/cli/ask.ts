import { type Interface, createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { UserError } from '../errors.ts';

/** What a person types at, or what is piped in. */
interface Terminal {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
}

/** Lets nothing through while it is closed, so that what is typed is not shown. */
function shutter(output: NodeJS.WriteStream) {
  const state = { closed: false };
  const stream = new Writable({
    write(piece: Buffer, _, done) {
      if (!state.closed) output.write(piece);
      done();
    },
  });
  return { state, stream };
}

/**
 * Asks questions, one after the other. Where nobody sits, the answers are the lines of standard input: a script pipes them
 * in, and no secret stands in a list of processes. Throws UserError `ask-nobody` when the input ends.
 */
export function createAsk({
  input,
  output,
}: Terminal): (question: string, hidden?: boolean) => Promise<string> {
  let reader: { lines: Interface; next: AsyncIterator<string> } | undefined;
  const piped = async () => {
    if (!reader) {
      const lines = createInterface({ input });
      reader = { lines, next: lines[Symbol.asyncIterator]() };
    }
    const { value, done } = await reader.next.next();
    if (!done) return value;
    throw new UserError('ask-nobody', 'There is nobody to answer, and standard input has no further line.');
  };
  const typed = async (question: string, hidden: boolean) => {
    const { state, stream } = shutter(output);
    const lines = createInterface({ input, output: stream, terminal: true });
    try {
      return await new Promise<string>((resolve, reject) => {
        lines.once('SIGINT', () => reject(new UserError('ask-nobody', 'Nothing was done.')));
        lines.question(`${question}: `, resolve);
        state.closed = hidden;
      });
    } finally {
      lines.close();
      if (hidden) output.write('\n');
    }
  };
  return async (question, hidden = false) => (input.isTTY ? typed(question, hidden) : piped());
}
