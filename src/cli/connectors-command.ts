import { describeFields } from '../field/describe-fields.ts';
import type { Fields } from '../field/field.ts';
import { type CliContext, type Command, exitCodes } from './command.ts';
import { table } from './table.ts';

function pane(title: string, fields: Fields, { out }: CliContext): void {
  out('');
  out(title);
  const rows = describeFields(fields).map((field) => [
    `${field.more ? '  + ' : '  '}${field.id}`,
    field.label,
    field.type,
    field.required ? 'required' : field.default === undefined ? '' : `default ${String(field.default)}`,
    field.help,
  ]);
  for (const line of table(['  id', 'label', 'type', '', 'what it is'], rows)) out(line);
}

/** `writeback connectors [ID]`. */
export const connectorsCommand: Command = {
  name: 'connectors',
  summary: 'List the connectors, or the fields of one.',
  usage: '[ID]',
  minimum: 0,
  maximum: 1,
  options: {},
  async run(typed, context) {
    const [id] = typed.positionals;
    const chosen = id === undefined ? context.registry.list() : [context.registry.get(id)];
    if (typed.flag('json')) {
      for (const { id, name, summary, accepts, credentials, details } of chosen) {
        const panes = { credentials: describeFields(credentials), details: describeFields(details) };
        context.out(JSON.stringify({ event: 'connector', id, name, summary, accepts, ...panes }));
      }
    } else if (id === undefined) {
      for (const line of table(
        ['id', 'name', 'what it does'],
        chosen.map((one) => [one.id, one.name, one.summary]),
      ))
        context.out(line);
    } else {
      for (const { name, summary, credentials, details } of chosen) {
        context.out(`${name}: ${summary}`);
        pane('Credentials', credentials, context);
        pane('Details', details, context);
        context.out('');
        context.out('+ stands under "More options".');
      }
    }
    return exitCodes.done;
  },
};
