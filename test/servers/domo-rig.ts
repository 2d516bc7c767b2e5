import { createEgress } from '../../src/egress/egress.ts';
import { createLog } from '../../src/log.ts';
import type { Column } from '../../src/dataset/dataset.ts';
import { createDomoSource, type DomoAccount, type DomoSource } from '../../src/source/domo/domo-source.ts';
import type { OpenDataset, OpenRequest } from '../../src/source/source.ts';
import { collect } from '../collect.ts';
import { startDomo, type DomoOptions } from './domo-stand-in.ts';

/** Columns of the four rows below. */
export const columns: readonly Column[] = [
  { name: 'id', type: 'LONG' },
  { name: 'name', type: 'STRING' },
  { name: 'amount', type: 'DECIMAL' },
  { name: 'made', type: 'DATETIME' },
];

/** A number beyond 2^53, a quoted text of two lines, an empty text, nulls. */
export const rows = [
  ['1', 'plain', '1.5', '2024-02-28T23:59:59'],
  ['9007199254740993', 'a "quoted", name\nof two lines \\ é😀', '-0.01', '2024-02-29T00:00:00'],
  ['3', '', null, '2024-02-29T23:59:59'],
  ['4', null, '12345678901234.25', null],
];

/** The same rows as canonical CSV. */
export const csv =
  'id,name,amount,made\n1,plain,1.5,2024-02-28T23:59:59\n' +
  '9007199254740993,"a ""quoted"", name\nof two lines \\ é😀",-0.01,2024-02-29T00:00:00\n' +
  '3,"",,2024-02-29T23:59:59\n4,,12345678901234.25,\n';

/** A signal that never comes. */
export const { signal } = new AbortController();

/** All bytes of an open DataSet as text. */
export async function read({ body }: OpenDataset): Promise<string> {
  return (await collect(body)).toString();
}

/** Rows of a CSV whose cells hold no line ends. */
export const countRows = (text: string) => text.split('\n').length - 2;

/** The stand-in with our source in front of it, impatient; call `stand.stop` at the end. */
export async function startDomoRig(options: DomoOptions = {}) {
  const stand = await startDomo(options);
  const lines: string[] = [];
  const log = createLog((line) => lines.push(line));
  const times = { limits: { answer: 2000, idle: 1000 }, poll: { first: 5, longest: 20 } };
  const source = (account: Partial<DomoAccount> = {}): DomoSource =>
    createDomoSource({ ...stand.account, ...account }, { egress: createEgress(), log }, times);
  return {
    stand,
    lines,
    log,
    source,
    add: (name: string) => stand.addDataset({ name, columns, rows }),
    many: (name: string, count: number) =>
      stand.addDataset({
        name,
        columns,
        generate: { count, row: (at) => [`${at}`, `name ${at}`, '1.5', null] },
      }),
    open: (datasetId: string, request: Partial<OpenRequest> = {}) =>
      source().open({ datasetId, signal, ...request }),
  };
}

export type DomoRig = Awaited<ReturnType<typeof startDomoRig>>;
