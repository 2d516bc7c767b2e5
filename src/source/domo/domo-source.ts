import type { Dataset } from '../../dataset/dataset.ts';
import type { Egress } from '../../egress/egress.ts';
import type { Log } from '../../log.ts';
import { rangesOf } from '../ranges.ts';
import type { OpenDataset, OpenRequest, Range, Source } from '../source.ts';
import { createApi, type DomoApi } from './api.ts';
import { parseDatasetId } from './dataset-id.ts';
import { columnType, describeDataset, listDatasets } from './describe-dataset.ts';
import { createDomoStreams } from './domo-streams.ts';
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

/** What a request reads, as a table: its query, and of that its day. */
function tableOf(dataset: Dataset, { query, day }: OpenRequest): string {
  return day
    ? sqlTable(`SELECT * FROM ${sqlTable(query)} WHERE ${dayCondition(dataset, day)}`)
    : sqlTable(query);
}

/** SQL for what an export cannot do: a query, one range of several, one day. */
function sqlFor(dataset: Dataset, request: OpenRequest): string {
  const { query, range, day } = request;
  if (query !== undefined && !range && !day) return query;
  const conditions = day ? [dayCondition(dataset, day)] : [];
  if (range) conditions.push(rangeCondition(findColumn(dataset, range.key), range));
  const order = range ? ` ORDER BY ${sqlName(range.key)}` : '';
  return `SELECT * FROM ${sqlTable(query)} WHERE ${conditions.join(' AND ')}${order}`;
}

async function cut(
  api: DomoApi,
  dataset: Dataset,
  request: OpenRequest,
  { key, count }: { key: string; count: number },
): Promise<Range[]> {
  const askOne = async (sql: string) =>
    (await firstRows(await queryRows(api, dataset.id, sql, request.signal)))[0]?.[0] ?? null;
  const borders = await findBounds(findColumn(dataset, key), count, tableOf(dataset, request), askOne);
  return rangesOf(key, borders, count);
}

/** Opens by SQL: the answer is read as a stream, and states its own number of rows at its end. */
async function openQuery(api: DomoApi, dataset: Dataset, request: OpenRequest): Promise<OpenDataset> {
  const { query, signal } = request;
  const sql = sqlFor(dataset, request);
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

const usualUrl = 'https://api.domo.com';

/** Reads DataSets from Domo by its public REST API. Nothing is connected until it is asked. Throws told errors whose codes begin with `domo-`. */
export function createDomoSource(
  account: DomoAccount,
  work: { egress: Egress; log: Log },
  times: DomoTimes = {},
): DomoSource {
  const api = createApi({ ...account, baseUrl: account.baseUrl ?? usualUrl }, work, times.limits);

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
      const { query, range, day, signal } = request;
      const bySql = query !== undefined || range !== undefined || day !== undefined;
      return bySql ? openQuery(api, dataset, request) : openExport(api, dataset, signal);
    },
    cut: async (request, key, count) =>
      cut(api, await owned(parseDatasetId(request.datasetId), request.signal), request, { key, count }),
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
    outputs: createDomoStreams(api),
    close: () => api.close(),
  };
}
