import type { CsvBytes, Dataset } from '../../dataset/dataset.ts';
import type { DomoApi } from './api.ts';
import { csvRecord } from '../../dataset/csv-record.ts';

/** The CSV of a whole DataSet as Domo sends it. A DataSet without any byte gives its header. */
export async function exportRows(api: DomoApi, dataset: Dataset, signal: AbortSignal): Promise<CsvBytes> {
  const path = `/v1/datasets/${dataset.id}/data?includeHeader=true&fileName=${dataset.id}.csv`;
  const answer = await api.ask({ operation: 'export', method: 'GET', path, accept: 'text/csv', signal });
  return (async function* body() {
    let empty = true;
    for await (const bytes of answer.bytes()) {
      empty = false;
      yield bytes;
    }
    if (empty) yield Buffer.from(csvRecord(dataset.columns.map((column) => column.name)));
  })();
}
