import { planFor } from './apply/plan.ts';
import { readFolder } from './apply/read-folder.ts';
import type { Step } from './apply/step.ts';
import { type Arguments, type CliContext, type Command, exitCodes } from './command.ts';
import { serverOption, withServer } from './server.ts';
import { createTell } from './tell.ts';
import { changeLine } from './writebacks-command.ts';

const signs = { create: '+', change: '~', delete: '-' } as const;
const kinds = { account: 'account', dataset: 'DataSet', writeback: 'writeback' } as const;

const stepLines = ({ action, kind, name, changes }: Step): string[] => [
  `${signs[action]} ${kinds[kind]} ${name}`,
  ...changes.map(({ path, before, after }) => `    ${changeLine(path, before, after)}`),
];

function tellStep(typed: Arguments, context: CliContext, { action, kind, name, changes }: Step): void {
  createTell(typed, context)('step', { action, kind, name, changes }, () =>
    stepLines({ action, kind, name, changes } as Step),
  );
}

async function apply(typed: Arguments, context: CliContext): Promise<number> {
  const wanted = await readFolder(typed.positionals[0] ?? '', context);
  const options = {
    registry: context.registry,
    label: typed.text('label') ?? 'applied',
    prune: typed.flag('prune'),
    secrets: typed.flag('secrets'),
  };
  return withServer(typed, context, async ({ client }) => {
    const { steps, ids } = await planFor(wanted, client, options);
    for (const step of steps) {
      context.signal.throwIfAborted();
      tellStep(typed, context, step);
      if (!typed.flag('plan')) await step.act(client, ids);
    }
    createTell(typed, context)('applied', { steps: steps.length, plan: typed.flag('plan') }, () =>
      steps.length === 0 ? ['Nothing to change.'] : [],
    );
    return exitCodes.done;
  });
}

/** `writeback apply DIR`. */
export const applyCommand: Command = {
  name: 'apply',
  summary: 'Make the server be as the YAML files of a folder say: accounts, DataSets and writebacks.',
  usage: 'DIR|FILE.yaml',
  minimum: 1,
  maximum: 1,
  options: {
    plan: { type: 'boolean', help: 'Tell what would change, and change nothing.' },
    prune: {
      type: 'boolean',
      help: 'Delete writebacks that were applied from here and are here no more, and their accounts.',
    },
    secrets: { type: 'boolean', help: 'Send all secrets again; otherwise only those that the server lacks.' },
    label: {
      type: 'string',
      value: 'TAG',
      help: 'The tag that what is applied bears; "applied" unless told.',
    },
    ...serverOption,
  },
  run: apply,
};
