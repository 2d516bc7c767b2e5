import type { Connector } from '../connector/contract.ts';
import { fileFormatOf } from '../connector/file-format.ts';
import { renderPath } from '../dataset/name-template.ts';
import type { Dataset } from '../dataset/dataset.ts';
import { datasetIdOf, withSource } from '../source/create-source.ts';
import type { Writeback } from '../run/writeback.ts';
import { count } from './amounts.ts';
import { type CliContext, type Command, exitCodes } from './command.ts';
import { table } from './table.ts';
import { loadWriteback } from './yaml-file.ts';

const previewRows = 5;

/** The name that a run starting now would give its file, or nothing for connectors that name no files. */
function fileName(
  connector: Connector,
  { details, timeZone }: Writeback,
  dataset: Dataset,
): string | undefined {
  if (connector.accepts !== 'file') return undefined;
  const { extension } = fileFormatOf(details as never);
  const run = { id: 'preview', number: 1, startedAt: new Date() };
  return renderPath(`${connector.fileName(details as never)}.${extension}`, {
    dataset,
    run,
    part: 1,
    timeZone,
  });
}

/** What would happen, as data. */
async function preview(writeback: Writeback, context: CliContext) {
  const connector = context.registry.get(writeback.connector);
  const datasetId = datasetIdOf(writeback.source);
  const query = writeback.source.values.query ?? 'select * from tbl';
  const { dataset, columns, rows } = await withSource(writeback.source, context, async (source) => ({
    dataset: await source.describe(datasetId, context.signal),
    ...(await source.query({ datasetId, query, limit: previewRows, signal: context.signal })),
  }));
  return { connector: connector.name, dataset, name: fileName(connector, writeback, dataset), columns, rows };
}

const cell = (value: string | null) => (value === null ? '∅' : value.replaceAll('\n', '⏎').slice(0, 40));

/** `writeback preview FILE`. */
export const previewCommand: Command = {
  name: 'preview',
  summary: 'Show the rendered name, the columns and the first rows, without writing anything.',
  usage: 'FILE.yaml',
  minimum: 1,
  maximum: 1,
  options: {},
  async run(typed, context) {
    const writeback = await loadWriteback(typed.positionals[0] ?? '', context);
    const shown = await preview(writeback, context);
    if (typed.flag('json')) {
      context.out(JSON.stringify({ event: 'preview', ...shown }));
      return exitCodes.done;
    }
    const { dataset } = shown;
    const rows = dataset.rows === undefined ? '' : `, ${count(dataset.rows)} rows`;
    context.out(`${dataset.name}: ${dataset.columns.length} columns${rows} → ${shown.connector}`);
    if (shown.name !== undefined) context.out(`Would be written as: ${shown.name}`);
    context.out('');
    for (const line of table(
      ['column', 'type'],
      dataset.columns.map(({ name, type }) => [name, type]),
    ))
      context.out(line);
    context.out('');
    for (const line of table(
      shown.columns,
      shown.rows.map((row) => row.map(cell)),
    ))
      context.out(line);
    return exitCodes.done;
  },
};
