import { type Command, exitCodes } from './command.ts';
import { stepLines } from './step-lines.ts';
import { loadWriteback } from './yaml-file.ts';

/** `writeback test FILE`. */
export const testCommand: Command = {
  name: 'test',
  summary: 'Test the connection of a writeback, step by step. Leaves nothing behind.',
  usage: 'FILE.yaml',
  minimum: 1,
  maximum: 1,
  options: {},
  async run(typed, context) {
    const writeback = await loadWriteback(typed.positionals[0] ?? '', context);
    const connector = context.registry.get(writeback.connector);
    const { credentials, details } = writeback;
    let ok = true;
    for await (const step of connector.testConnection({ ...context, credentials, details } as never)) {
      ok &&= step.ok;
      if (typed.flag('json')) context.out(JSON.stringify({ event: 'step', ...step }));
      else if (!typed.flag('quiet')) for (const line of stepLines(step)) context.out(line);
    }
    return ok ? exitCodes.done : exitCodes.badInput;
  },
};
