import type { Dataset } from '../../dataset/dataset.ts';
import type { Egress } from '../../egress/egress.ts';
import type { Log } from '../../log.ts';
import type { OpenDataset, OpenRequest, Source, Split } from '../source.ts';
import { createApi, type DomoApi } from './api.ts';
import { parseDatasetId } from './dataset-id.ts';
import { columnType, describeDataset, listDatasets } from './describe-dataset.ts';
import { exportRows } from './export-rows.ts';
import { exportToS3, type PollDelays } from './export-to-s3.ts';
import { checkOwnership } from './ownership.ts';
import { answerCsv, firstRows, queryRows } from './query-rows.ts';
import { findBounds, rangeCondition } from './split-ranges.ts';
import { dayCondition, findColumn, sqlName, sqlTable } from './sql.ts';
import type { Limits } from './transport.ts';
import { verifyAnswer, verifyRows } from './verify-rows.ts';

/** A client of Domo's public API; its user must own the DataSets that are opened. */
export interface DomoAccount {
  readonly clientId: string;
  readonly clientSecret: string;
  /** `https://api.domo.com` unless told. */
  readonly baseUrl?: string | undefined;
}

/** Time limits; the defaults suit Domo. */
export interface DomoTimes {
  readonly limits?: Limits;
  readonly poll?: PollDelays;
}

/** A source that can be told to let go of its sockets; idle ones do not keep a process alive without it. */
export interface DomoSource extends Source {
  readonly kind: 'domo';
  close(): Promise<void>;
}

type Bounds = (
  dataset: Dataset,
  split: Split,
  table: string,
  signal: AbortSignal,
) => Promise<readonly string[]>;

/** Borders between parts, asked for once: all parts that this source opens are cut at the same keys. */
function createBounds(api: DomoApi): Bounds {
  const known = new Map<string, Promise<readonly string[]>>();
  return (dataset, { key, of }, table, signal) => {
    const name = JSON.stringify([dataset.id, key, of, table]);
    const askOne = async (sql: string) =>
      (await firstRows(await queryRows(api, dataset.id, sql, signal)))[0]?.[0] ?? null;
    const bounds = known.get(name) ?? findBounds(findColumn(dataset, key), of, table, askOne);
    known.set(name, bounds);
    // A failed attempt is not remembered.
    bounds.catch(() => known.delete(name));
    return bounds;
  };
}

/** SQL for what an export cannot do: a query, one part of several, one day. */
async function sqlFor(dataset: Dataset, request: OpenRequest, bounds: Bounds): Promise<string> {
  const { query, split, day, signal } = request;
  if (query !== undefined && !split && !day) return query;
  const conditions = day ? [dayCondition(dataset, day)] : [];
  let order = '';
  if (split) {
    const key = findColumn(dataset, split.key);
    const within = day ? ` WHERE ${conditions.join(' AND ')}` : '';
    const table = day ? sqlTable(`SELECT * FROM ${sqlTable(query)}${within}`) : sqlTable(query);
    conditions.push(rangeCondition(key, await bounds(dataset, split, table, signal), split.index));
    order = ` ORDER BY ${sqlName(split.key)}`;
  }
  return `SELECT * FROM ${sqlTable(query)} WHERE ${conditions.join(' AND ')}${order}`;
}

/** Opens by SQL: the answer is read as a stream, and states its own number of rows at its end. */
async function openQuery(
  api: DomoApi,
  dataset: Dataset,
  request: OpenRequest,
  bounds: Bounds,
): Promise<OpenDataset> {
  const { query, signal } = request;
  const sql = await sqlFor(dataset, request, bounds);
  const answer = await queryRows(api, dataset.id, sql, signal);
  const { columns, types } = answer.head;
  const typed = columns.map((name, index) => ({ name, type: columnType(types[index] ?? 'STRING') }));
  const { rows: _, ...rest } = dataset;
  return {
    // The DataSet's own types are surer than those of an answer, where the columns are the same.
    dataset: { ...rest, columns: query === undefined ? dataset.columns : typed },
    body: answerCsv(answer),
    verify: async (rows) => verifyAnswer(rows, answer.stated()),
  };
}

async function openExport(api: DomoApi, dataset: Dataset, signal: AbortSignal): Promise<OpenDataset> {
  const describe = async () => (await describeDataset(api, dataset.id, signal)).dataset;
  const body = await exportRows(api, dataset, signal);
  return { dataset, body, verify: (rows) => verifyRows(rows, dataset, describe) };
}

/** Reads DataSets from Domo by its public REST API. Nothing is connected until it is asked. Throws told errors whose codes begin with `domo-`. */
export function createDomoSource(
  account: DomoAccount,
  work: { egress: Egress; log: Log },
  times: DomoTimes = {},
): DomoSource {
  const { clientId, clientSecret, baseUrl = 'https://api.domo.com' } = account;
  const api = createApi({ clientId, clientSecret, baseUrl }, work, times.limits);
  const bounds = createBounds(api);

  async function owned(id: string, signal: AbortSignal): Promise<Dataset> {
    const described = await describeDataset(api, id, signal);
    checkOwnership(described, await api.identity(signal));
    return described.dataset;
  }

  return {
    kind: 'domo',
    list: (signal) => listDatasets(api, signal),
    describe: async (id, signal) => (await describeDataset(api, parseDatasetId(id), signal)).dataset,
    async open(request) {
      const dataset = await owned(parseDatasetId(request.datasetId), request.signal);
      const { query, split, day, signal } = request;
      const bySql = query !== undefined || split !== undefined || day !== undefined;
      return bySql ? openQuery(api, dataset, request, bounds) : openExport(api, dataset, signal);
    },
    async query({ datasetId, query, limit, signal }) {
      const answer = await queryRows(api, parseDatasetId(datasetId), query, signal);
      const rows = await firstRows(answer, limit);
      if (limit === undefined || rows.length < limit) verifyAnswer(rows.length, answer.stated());
      return { columns: answer.head.columns, rows };
    },
    checkOwnership: async (id, signal) => void (await owned(parseDatasetId(id), signal)),
    async exportToS3(datasetId, target, signal) {
      work.log.hide(target.awsAccessSecret);
      if (target.sessionToken) work.log.hide(target.sessionToken);
      const dataset = await owned(parseDatasetId(datasetId), signal);
      return exportToS3(api, dataset.id, target, signal, times.poll);
    },
    close: () => api.close(),
  };
}
