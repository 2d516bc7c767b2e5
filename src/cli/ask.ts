import { type Interface, createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { UserError } from '../errors.ts';

/** What a person types at, or what is piped in. */
interface Terminal {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
}

/** Takes what should be shown, and shows nothing. */
const nowhere = () => new Writable({ write: (_, __, done) => done() });

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
    // What readline echoes and draws again of a hidden answer goes nowhere, so the question is shown beforehand.
    if (hidden) output.write(`${question}: `);
    const lines = createInterface({ input, output: hidden ? nowhere() : output, terminal: true });
    try {
      return await new Promise<string>((resolve, reject) => {
        lines.once('SIGINT', () => reject(new UserError('ask-nobody', 'Nothing was done.')));
        lines.question(hidden ? '' : `${question}: `, resolve);
      });
    } finally {
      lines.close();
      if (hidden) output.write('\n');
    }
  };
  return async (question, hidden = false) => (input.isTTY ? typed(question, hidden) : piped());
}
