import { basename } from 'node:path';
import { count } from './amounts.ts';
import { type Command, exitCodes } from './command.ts';
import { all } from './find.ts';
import { serverOption, withServer } from './server.ts';
import { createTell } from './tell.ts';
import { uploadFile } from './upload-file.ts';

/** `writeback upload FILE`. */
export const uploadCommand: Command = {
  name: 'upload',
  summary: 'Save a file at the server as a DataSet, or put it in the place of yours with that name.',
  usage: 'FILE',
  minimum: 1,
  maximum: 1,
  options: {
    name: { type: 'string', value: 'NAME', help: 'What it is called; the file’s name unless told.' },
    ...serverOption,
  },
  async run(typed, context) {
    const [path = ''] = typed.positionals;
    const name = typed.text('name') ?? basename(path);
    const dataset = await withServer(typed, context, async ({ client }) => {
      const there = await all((query) => client.listDatasets({ query }));
      return uploadFile(client, path, name, there.find((one) => one.name === name)?.id);
    });
    createTell(typed, context)('dataset', dataset, () => [
      `${name}  (${dataset.id}), ${count(dataset.rows)} rows, ${dataset.columns.length} columns`,
    ]);
    return exitCodes.done;
  },
};
