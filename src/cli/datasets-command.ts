import { datasetIdOf, withSource } from '../source/create-source.ts';
import type { Source } from '../source/source.ts';
import type { Dataset } from '../dataset/dataset.ts';
import { count } from './amounts.ts';
import { type CliContext, type Command, exitCodes } from './command.ts';
import { table } from './table.ts';
import { loadWriteback } from './yaml-file.ts';

function describe({ id, name, owner, rows, updatedAt, columns }: Dataset, { out }: CliContext): void {
  out(`${name}  (${id})`);
  out(
    `owner ${owner?.name ?? 'unknown'}, ${rows === undefined ? 'unknown number of' : count(rows)} rows, updated ${updatedAt ?? 'unknown'}`,
  );
  out('');
  for (const line of table(
    ['column', 'type'],
    columns.map((column) => [column.name, column.type]),
  ))
    out(line);
}

async function list(source: Source, json: boolean, { out, signal }: CliContext): Promise<void> {
  const rows: string[][] = [];
  for await (const dataset of source.list(signal)) {
    const { id, name, updatedAt = '' } = dataset;
    if (json) out(JSON.stringify({ event: 'dataset', ...dataset }));
    else rows.push([id, name, dataset.rows === undefined ? '' : count(dataset.rows), updatedAt]);
  }
  if (!json) for (const line of table(['id', 'name', 'rows', 'updated'], rows)) out(line);
}

/** `writeback datasets FILE [ID]`. */
export const datasetsCommand: Command = {
  name: 'datasets',
  summary: 'List the DataSets that the source of a writeback can read, or describe one.',
  usage: 'FILE.yaml [ID]',
  minimum: 1,
  maximum: 2,
  options: { describe: { type: 'boolean', help: 'Describe the writeback’s own DataSet.' } },
  async run(typed, context) {
    const [path = '', id] = typed.positionals;
    const writeback = await loadWriteback(path, context);
    await withSource(writeback.source, context, async (source) => {
      const one = id ?? (typed.flag('describe') ? datasetIdOf(writeback.source) : undefined);
      if (one === undefined) return list(source, typed.flag('json'), context);
      const dataset = await source.describe(one, context.signal);
      if (typed.flag('json')) context.out(JSON.stringify({ event: 'dataset', ...dataset }));
      else describe(dataset, context);
    });
    return exitCodes.done;
  },
};
