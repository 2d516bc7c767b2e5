import type { CsvBytes } from '../../dataset/dataset.ts';
import { readAnswer, type AnswerRows } from './answer-rows.ts';
import type { DomoApi } from './api.ts';
import { csvRecord } from '../../dataset/csv-record.ts';
import { explainTransport } from './explain.ts';

/** Sends SQL over `tbl` and begins to read its answer. Throws `domo-query-refused` and the API's errors. */
export async function queryRows(
  api: DomoApi,
  datasetId: string,
  sql: string,
  signal: AbortSignal,
): Promise<AnswerRows> {
  const path = `/v1/datasets/query/execute/${datasetId}`;
  const body = JSON.stringify({ sql });
  const answer = await api.ask({ operation: 'query', method: 'POST', path, body, signal });
  const bytes = answer.bytes();
  try {
    const { rows, ...facts } = await readAnswer(bytes);
    return { ...facts, rows: closing(rows, bytes) };
  } catch (error) {
    await bytes.return(undefined);
    throw explainTransport(error, 'body');
  }
}

async function* closing(rows: AnswerRows['rows'], bytes: AsyncGenerator<Uint8Array>): AnswerRows['rows'] {
  try {
    yield* rows;
  } finally {
    await bytes.return(undefined);
  }
}

/** All rows of an answer to a query that gives few. */
export async function firstRows(answer: AnswerRows, limit = Infinity): Promise<(string | null)[][]> {
  const rows: (string | null)[][] = [];
  if (limit <= 0) {
    await answer.rows.return(undefined);
    return rows;
  }
  for await (const row of answer.rows) {
    rows.push(row);
    if (rows.length >= limit) break;
  }
  return rows;
}

/** An answer's rows as canonical CSV, about 64 KB together. */
export async function* answerCsv({ head, rows }: AnswerRows): CsvBytes & AsyncGenerator<Uint8Array> {
  let text = csvRecord(head.columns);
  for await (const row of rows) {
    text += csvRecord(row);
    if (text.length < 65_536) continue;
    yield Buffer.from(text);
    text = '';
  }
  if (text) yield Buffer.from(text);
}
