import type { Column } from '../../src/dataset/dataset.ts';
import { forbidden, json, notFound, refuse, type Answer, type Ask } from './domo-answers.ts';
import type { Datasets, StandInDataset } from './domo-datasets.ts';
import type { Row } from './domo-records.ts';
import { parseRecords } from './domo-parts.ts';
import type { Identity } from './domo-tokens.ts';

const methods = ['REPLACE', 'APPEND'];
const types = ['STRING', 'LONG', 'DECIMAL', 'DOUBLE', 'DATE', 'DATETIME'];

interface Execution {
  readonly id: number;
  readonly startedAt: string;
  currentState: 'ACTIVE' | 'SUCCESS' | 'ABORTED';
  readonly parts: Map<number, readonly Row[]>;
}

interface Stream {
  readonly id: number;
  readonly dataset: StandInDataset;
  updateMethod: string;
  readonly executions: Execution[];
}

const bad = (message: string) => refuse(400, 'Bad Request', message);

function parsed(ask: Ask): Record<string, unknown> {
  if (!ask.headers['content-type']?.startsWith('application/json')) throw bad('A JSON body is expected');
  return JSON.parse(ask.body) as Record<string, unknown>;
}

function methodIn(body: Record<string, unknown>): string {
  const method = String(body['updateMethod']);
  if (!methods.includes(method)) throw bad(`Unknown updateMethod ${method}`);
  return method;
}

function columnsIn(schema: unknown): Column[] {
  const { columns = [] } = (schema ?? {}) as { columns?: { name?: string; type?: string }[] };
  const good = columns.every(({ name, type = '' }) => name && types.includes(type));
  if (columns.length === 0 || !good) throw bad('Invalid schema');
  if (new Set(columns.map(({ name }) => name)).size < columns.length) throw bad('Duplicate column names');
  return columns as Column[];
}

const told = ({ id, startedAt, currentState }: Execution) =>
  json({ id, startedAt, createdAt: startedAt, modifiedAt: startedAt, currentState });

function activeOf({ executions }: Stream, id: string): Execution {
  const found = executions.find((one) => one.id === Number(id));
  if (!found) throw notFound();
  if (found.currentState !== 'ACTIVE') throw bad(`Execution ${id} is ${found.currentState}`);
  return found;
}

function begin({ executions }: Stream): Answer {
  if (executions.some(({ currentState }) => currentState === 'ACTIVE'))
    throw refuse(409, 'Conflict', 'Another execution of this stream is active');
  const execution: Execution = {
    id: executions.length + 1,
    startedAt: new Date().toISOString(),
    currentState: 'ACTIVE',
    parts: new Map(),
  };
  executions.push(execution);
  return told(execution);
}

function takePart(stream: Stream, execution: Execution, part: number, ask: Ask): Answer {
  if (ask.headers['content-type'] !== 'text/csv') throw bad('Parts are text/csv');
  if (part < 1) throw bad('Part ids start at 1');
  execution.parts.set(part, parseRecords(ask.body, stream.dataset.columns));
  return told(execution);
}

function commit(stream: Stream, execution: Execution): Answer {
  const ids = [...execution.parts.keys()].toSorted((one, other) => one - other);
  if (ids.length === 0) throw bad('No parts were uploaded');
  if (ids.some((id, index) => id !== index + 1))
    throw bad('Too many non-consecutive part ids. Make consecutive or upload multiple data versions');
  const sent = ids.flatMap((id) => execution.parts.get(id) ?? []);
  const { dataset, updateMethod } = stream;
  const before = updateMethod === 'APPEND' ? (dataset.seed.rows ?? []) : [];
  dataset.change({ rows: [...before, ...sent] });
  execution.currentState = 'SUCCESS';
  return json({});
}

/** Streams: DataSets that are written by executions, each of which is active until it is committed or aborted. */
export function createStreams(datasets: Datasets) {
  const streams: Stream[] = [];
  const summary = ({ id, dataset, updateMethod }: Stream) => ({
    id,
    dataSet: { id: dataset.id, name: dataset.name },
    updateMethod,
  });

  async function create(ask: Ask, { userId }: Identity): Promise<Answer> {
    const body = parsed(ask);
    const { name, description, schema } = (body['dataSet'] ?? {}) as Record<string, unknown>;
    if (typeof name !== 'string' || name === '') throw bad('A name is expected');
    if (typeof description !== 'string') throw bad('A description is a text');
    const seed = { name, description, owner: userId, rows: [] };
    const dataset = await datasets.add({ ...seed, columns: columnsIn(schema) });
    const stream = { id: streams.length + 42, dataset, updateMethod: methodIn(body), executions: [] };
    streams.push(stream);
    return json(summary(stream), 201);
  }

  function search(ask: Ask): Answer {
    const id = /^dataSource\.id:(.+)$/.exec(ask.url.searchParams.get('q') ?? '')?.[1];
    if (id === undefined) throw bad('Unknown query');
    return json(streams.filter(({ dataset }) => dataset.id === id).map(summary));
  }

  function own(id: string, { userId, role }: Identity): Stream {
    const stream = streams.find((one) => one.id === Number(id));
    if (!stream || stream.dataset.deleted) throw notFound();
    if (stream.dataset.owner !== userId && role !== 'Admin') throw forbidden();
    return stream;
  }

  function execute(ask: Ask, stream: Stream, [id = '', what, part = '']: readonly string[]): Answer {
    if (ask.method === 'GET') {
      const found = stream.executions.find((one) => one.id === Number(id));
      if (!found) throw notFound();
      return told(found);
    }
    const execution = activeOf(stream, id);
    if (what === 'part') return takePart(stream, execution, Number(part), ask);
    if (what === 'commit') return commit(stream, execution);
    if (what !== 'abort') throw notFound();
    execution.currentState = 'ABORTED';
    return told(execution);
  }

  return {
    /** Everything below /v1/streams. */
    async route(ask: Ask, identity: Identity, path: string): Promise<Answer> {
      const on = `${ask.method} ${path}`;
      if (on === 'POST /v1/streams') return create(ask, identity);
      if (on === 'GET /v1/streams/search') return search(ask);
      const [, id = '', executions, ...rest] =
        /^(?:GET|PUT|POST|PATCH) \/v1\/streams\/(\d+)(\/executions)?(?:\/(\d+))?(?:\/(part|commit|abort))?(?:\/(\d+))?$/.exec(
          on,
        ) ?? [];
      const stream = own(id, identity);
      if (on.startsWith('POST') && executions && rest[0] === undefined) return begin(stream);
      if (executions) return execute(ask, stream, rest);
      if (ask.method === 'PATCH') stream.updateMethod = methodIn(parsed(ask));
      return json(summary(stream));
    },

    /** PUT /v1/datasets/{id}. */
    change(ask: Ask, { userId, role }: Identity, id: string): Answer {
      const dataset = datasets.find(id);
      if (dataset.deleted) throw notFound();
      if (dataset.owner !== userId && role !== 'Admin') throw forbidden();
      const { name, description, schema } = parsed(ask);
      dataset.change({
        name: String(name),
        description: String(description),
        ...(schema !== undefined && { columns: columnsIn(schema) }),
      });
      return json({ id, name });
    },
  };
}
