import { writebackSchema } from '../run/writeback-schema.ts';
import { type Command, exitCodes } from './command.ts';

/** `writeback schema`. */
export const schemaCommand: Command = {
  name: 'schema',
  summary: 'Print the JSON Schema of a writeback file, for editors.',
  usage: '',
  minimum: 0,
  maximum: 0,
  options: {},
  async run(_, context) {
    context.out(JSON.stringify(writebackSchema(context.registry), null, 2));
    return exitCodes.done;
  },
};
