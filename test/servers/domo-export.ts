import { infrastructureProblem, notFound, type Answer, type Ask } from './domo-answers.ts';
import { mayRead, type Datasets, type StandInDataset } from './domo-datasets.ts';
import type { BodyFault } from './domo-faults.ts';
import { takeRecords } from './domo-records.ts';
import type { Identity } from './domo-tokens.ts';

const silence = () => new Promise<never>(() => {});

/** The rows, spoilt: some missing, one more than was stated, or a first half that is sent whole and then goes wrong. */
async function* spoilt(
  dataset: StandInDataset,
  header: boolean,
  fault: BodyFault,
): AsyncGenerator<Uint8Array> {
  const lines = dataset.rows + Number(header);
  if (fault === 'change') dataset.grow();
  const counts: Record<BodyFault, number> = {
    short: lines - Math.ceil(dataset.rows / 10),
    change: lines + 1,
    cut: Math.ceil(lines / 2),
    stall: Math.ceil(lines / 2),
    'half-row': Math.ceil(lines / 2),
  };
  yield* takeRecords(dataset.body(header), counts[fault]);
  if (fault === 'short' || fault === 'change') return;
  yield Buffer.from('"half a r');
  if (fault === 'stall') await silence();
  if (fault === 'cut') throw new Error('cut on purpose');
}

/** GET /v1/datasets/{id}/data: the rows as CSV. pydomo writes `includeHeader=True`. */
export function exportCsv(
  ask: Ask,
  identity: Identity,
  id: string,
  datasets: Datasets,
  fault: BodyFault | undefined,
): Answer {
  const dataset = datasets.find(id);
  if (dataset.deleted) throw notFound();
  if (!mayRead(identity, dataset)) throw infrastructureProblem();
  const header = (ask.url.searchParams.get('includeHeader') ?? '').toLowerCase() === 'true';
  const fileName = ask.url.searchParams.get('fileName') ?? `${id}.csv`;
  return {
    status: 200,
    headers: { 'content-type': 'text/csv', 'content-disposition': `attachment; filename=${fileName}` },
    body: fault ? spoilt(dataset, header, fault) : dataset.body(header),
  };
}
