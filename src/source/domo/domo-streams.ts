import { TemporaryError, UserError } from '../../errors.ts';
import type {
  ExecutionState,
  OutputHead,
  OutputMethod,
  OutputPlace,
  OutputStreams,
} from '../output-streams.ts';
import type { DomoApi } from './api.ts';
import type { Request } from './transport.ts';

/** Fields of a stream's and of an execution's JSON that are read. */
interface StreamAnswer {
  readonly id?: number;
  readonly dataSet?: { readonly id?: string };
  readonly updateMethod?: string;
  readonly currentState?: string;
}

/** A DataSet in the answer of a list. */
interface Listed {
  readonly id: string;
  readonly name?: string;
  readonly description?: string;
}

type Call = (method: Request['method'], path: string, signal: AbortSignal, body?: object) => Promise<unknown>;

/** Domo gives no more DataSets than this at once. */
const pageSize = 50;

const unreadable = () =>
  new TemporaryError('domo-answer-unreadable', 'Domo’s answer about a stream was not of the expected form.', {
    remedy: 'It is tried again.',
  });

const schemaOf = ({ columns }: OutputHead) => ({
  columns: columns.map(({ name, type }) => ({ type, name })),
});

function placeOf({ id, dataSet }: StreamAnswer): OutputPlace {
  if (typeof id !== 'number' || typeof dataSet?.id !== 'string') throw unreadable();
  return { streamId: id, datasetId: dataSet.id };
}

/** The stream of a DataSet that was made before: by an attempt that ended before it could tell. */
async function find(call: Call, head: OutputHead, signal: AbortSignal): Promise<OutputPlace | undefined> {
  for (let offset = 0; ; offset += pageSize) {
    const query = `nameLike=${encodeURIComponent(head.name)}&limit=${pageSize}&offset=${offset}`;
    const page = (await call('GET', `/v1/datasets?${query}`, signal)) as readonly Listed[];
    if (!Array.isArray(page)) throw unreadable();
    const ours = (page as readonly Listed[]).find(({ description }) => description === head.description);
    if (ours) {
      const path = `/v1/streams/search?q=${encodeURIComponent(`dataSource.id:${ours.id}`)}`;
      const [stream] = (await call('GET', path, signal)) as readonly StreamAnswer[];
      return stream && placeOf({ ...stream, dataSet: { id: ours.id } });
    }
    if (page.length === 0) return undefined;
  }
}

async function create(call: Call, head: OutputHead, signal: AbortSignal): Promise<OutputPlace> {
  const { name, description } = head;
  const dataSet = { name, description, schema: schemaOf(head) };
  return placeOf(
    (await call('POST', '/v1/streams', signal, { dataSet, updateMethod: 'REPLACE' })) as StreamAnswer,
  );
}

const states: Readonly<Record<string, ExecutionState>> = {
  ACTIVE: 'active',
  SUCCESS: 'succeeded',
  ABORTED: 'ended',
  ERROR: 'ended',
  FAILED: 'ended',
};

/** Whether an execution replaces or appends is told by its stream; what the columns are, by the DataSet. */
async function prepare(
  call: Call,
  { streamId, datasetId }: OutputPlace,
  head: OutputHead,
  method: OutputMethod,
  signal: AbortSignal,
): Promise<void> {
  const path = `/v1/streams/${streamId}`;
  const { updateMethod } = (await call('GET', path, signal)) as StreamAnswer;
  if (updateMethod !== method) await call('PATCH', path, signal, { updateMethod: method });
  const { name, description } = head;
  await call('PUT', `/v1/datasets/${datasetId}`, signal, { name, description, schema: schemaOf(head) });
}

async function stateAt(call: Call, path: string, signal: AbortSignal): Promise<ExecutionState> {
  try {
    const { currentState = '' } = (await call('GET', path, signal)) as StreamAnswer;
    return states[currentState] ?? 'unfinished';
  } catch (error) {
    if (error instanceof UserError && error.code === 'domo-stream-gone') return 'gone';
    throw error;
  }
}

const pathOf = ({ streamId }: OutputPlace, execution: number) =>
  `/v1/streams/${streamId}/executions/${execution}`;

/** Domo's Streams API (https://developer.domo.com/docs/streams-api-reference/streams), as far as small DataSets need it. */
export function createDomoStreams(api: DomoApi): OutputStreams {
  const call: Call = async (method, path, signal, body) => {
    const request = { operation: 'publish', method, path, signal } as const;
    return api.json(body ? { ...request, body: JSON.stringify(body) } : request);
  };
  const put = async (path: string, signal: AbortSignal, csv?: string) => {
    const body = csv === undefined ? {} : { body: csv, contentType: 'text/csv' };
    (await api.ask({ operation: 'publish', method: 'PUT', path, signal, ...body })).discard();
  };
  return {
    open: async (head, signal) => (await find(call, head, signal)) ?? create(call, head, signal),
    async begin(place, head, method, signal) {
      await prepare(call, place, head, method, signal);
      const path = `/v1/streams/${place.streamId}/executions`;
      const { id } = (await call('POST', path, signal, {})) as StreamAnswer;
      if (typeof id !== 'number') throw unreadable();
      return id;
    },
    upload: (place, execution, part, csv, signal) =>
      put(`${pathOf(place, execution)}/part/${part}`, signal, csv),
    commit: (place, execution, signal) => put(`${pathOf(place, execution)}/commit`, signal),
    abort: (place, execution, signal) => put(`${pathOf(place, execution)}/abort`, signal),
    state: (place, execution, signal) => stateAt(call, pathOf(place, execution), signal),
  };
}
