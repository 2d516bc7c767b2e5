import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Column } from '../../src/dataset/dataset.ts';
import { forbidden, json, notFound, type Answer, type Ask } from './domo-answers.ts';
import { countRecords, csvHeader, csvOf, takeRecords, withoutHeader, type Row } from './domo-records.ts';
import type { Identity, Tokens } from './domo-tokens.ts';

/** A DataSet to put into the stand-in. Its rows are given in exactly one of four ways. */
export interface DatasetSeed {
  readonly id?: string;
  readonly name: string;
  readonly columns: readonly Column[];
  readonly description?: string;
  /** A user's id; the stand-in's first user unless told. */
  readonly owner?: number;
  /** Own it as well; told in the DataSet's description under `owners`. */
  readonly coOwners?: readonly number[];
  /** Neither, but may read. */
  readonly readers?: readonly number[];
  readonly rows?: readonly Row[];
  /** Row `index` from 0, made while it is sent. */
  readonly generate?: { readonly count: number; row(index: number): Row };
  /** A CSV file with header. */
  readonly csvFile?: string;
  /** CSV bytes with header, made anew for every export. */
  readonly csv?: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  /** Rows of `csvFile` or `csv`; counted when not told. */
  readonly rowCount?: number;
  /** How nulls are written: nothing, or `\N`. */
  readonly nullText?: '' | '\\N';
}

export interface StandInDataset {
  readonly id: string;
  readonly name: string;
  readonly columns: readonly Column[];
  readonly seed: DatasetSeed;
  readonly createdAt: string;
  readonly owner: number;
  updatedAt: string;
  rows: number;
  deleted: boolean;
  /** CSV of all rows. */
  body(header: boolean): AsyncIterable<Uint8Array>;
  /** Adds the first row once more, and with it a new time of update. */
  grow(): void;
  /** Gives it another name, other columns or other rows. */
  change(change: Partial<Pick<DatasetSeed, 'name' | 'description' | 'columns' | 'rows'>>): void;
}

function wholeCsv(seed: DatasetSeed): AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
  if (seed.csvFile !== undefined) return createReadStream(seed.csvFile, { highWaterMark: 1 << 18 });
  return seed.csv ? seed.csv() : [];
}

async function* records(seed: DatasetSeed, header: boolean): AsyncGenerator<Uint8Array> {
  const { rows, generate, nullText = '' } = seed;
  if (!rows && !generate) {
    yield* header ? wholeCsv(seed) : withoutHeader(wholeCsv(seed));
    return;
  }
  if (header) yield Buffer.from(csvHeader(seed.columns));
  const count = generate?.count ?? rows?.length ?? 0;
  yield* csvOf(count, (index) => generate?.row(index) ?? rows?.[index] ?? [], nullText);
}

async function rowsOf(seed: DatasetSeed): Promise<number> {
  const known = seed.rows?.length ?? seed.generate?.count ?? seed.rowCount;
  return known ?? (await countRecords(withoutHeader(wholeCsv(seed))));
}

async function createDataset(given: DatasetSeed, owner: number, createdAt: string): Promise<StandInDataset> {
  let again = 0;
  let seed = given;
  const dataset: StandInDataset = {
    id: seed.id ?? randomUUID(),
    name: seed.name,
    columns: seed.columns,
    seed,
    createdAt,
    updatedAt: createdAt,
    owner: seed.owner ?? owner,
    rows: await rowsOf(seed),
    deleted: false,
    async *body(header) {
      yield* records(seed, header);
      for (let time = 0; time < again; time++) yield* takeRecords(records(seed, false), 1);
    },
    grow() {
      again++;
      dataset.rows++;
      dataset.updatedAt = new Date().toISOString();
    },
    change(change) {
      seed = { ...seed, ...change };
      const { name, columns, rows = [] } = seed;
      const updatedAt = new Date().toISOString();
      Object.assign(dataset, { name, columns, seed, rows: rows.length, updatedAt });
    },
  };
  return dataset;
}

const byText = (pick: (dataset: StandInDataset) => string) => (a: StandInDataset, b: StandInDataset) =>
  pick(a) < pick(b) ? -1 : 1;
const backwards =
  (compare: (a: StandInDataset, b: StandInDataset) => number) => (a: StandInDataset, b: StandInDataset) =>
    compare(b, a);
const orders: Record<string, (a: StandInDataset, b: StandInDataset) => number> = {
  name: byText((dataset) => dataset.name),
  nameDescending: backwards(byText((dataset) => dataset.name)),
  lastUpdated: backwards(byText((dataset) => dataset.updatedAt)),
  lastUpdatedAscending: byText((dataset) => dataset.updatedAt),
  createdAt: backwards(byText((dataset) => dataset.createdAt)),
  createdAtAscending: byText((dataset) => dataset.createdAt),
  dataSourceId: byText((dataset) => dataset.id),
};

/** True for the owner, a co-owner, a reader and every Admin. */
export function mayRead(identity: Identity, dataset: StandInDataset): boolean {
  const { coOwners = [], readers = [] } = dataset.seed;
  return identity.role === 'Admin' || [dataset.owner, ...coOwners, ...readers].includes(identity.userId);
}

/** The DataSets of the stand-in and what the API tells of them. */
export function createDatasets(tokens: Tokens, firstUser: number) {
  const all = new Map<string, StandInDataset>();
  const person = (id: number) => ({ id, name: tokens.userName(id) });
  const summary = ({ id, name, seed, rows, columns, createdAt, updatedAt }: StandInDataset) => {
    const description = seed.description ?? '';
    return { id, name, description, rows, columns: columns.length, createdAt, updatedAt };
  };
  return {
    async add(seed: DatasetSeed): Promise<StandInDataset> {
      // A second apart and in the past, so that a change is always newer.
      const createdAt = new Date(Date.UTC(2024, 0, 1) + all.size * 1000).toISOString();
      const dataset = await createDataset(seed, firstUser, createdAt);
      all.set(dataset.id, dataset);
      return dataset;
    },

    all: () => [...all.values()],

    /** 404 for an id that never was. */
    find(id: string): StandInDataset {
      const dataset = all.get(id);
      if (!dataset) throw notFound();
      return dataset;
    },

    /** GET /v1/datasets: pages of at most 50; an empty page past the end. */
    list(ask: Ask, identity: Identity): Answer {
      const query = ask.url.searchParams;
      const limit = Math.min(Number(query.get('limit') ?? 50), 50);
      const offset = Number(query.get('offset') ?? 0);
      const like = (query.get('nameLike') ?? '').toLowerCase();
      const seen = [...all.values()].filter((one) => !one.deleted && mayRead(identity, one));
      const found = seen.filter((one) => one.name.toLowerCase().includes(like));
      const order = orders[query.get('sort') ?? ''];
      if (order) found.sort(order);
      return json(found.slice(offset, offset + limit).map(summary));
    },

    /** GET /v1/datasets/{id}; of a deleted DataSet only a little is left. */
    describe(id: string, identity: Identity): Answer {
      const dataset = this.find(id);
      if (!mayRead(identity, dataset)) throw forbidden();
      if (dataset.deleted) return json({ id, name: dataset.name, deleted: true });
      const { coOwners } = dataset.seed;
      const owners = coOwners && { owners: [dataset.owner, ...coOwners].map(person) };
      const policies = [
        { type: 'open', name: 'All Rows', filters: [], users: [], virtualUsers: [], groups: [] },
      ];
      const schema = { columns: dataset.columns.map(({ name, type }) => ({ type, name })) };
      const more = { schema, owner: person(dataset.owner), ...owners, pdpEnabled: false, policies };
      return json({ ...summary(dataset), dataCurrentAt: dataset.updatedAt, ...more });
    },
  };
}

export type Datasets = ReturnType<typeof createDatasets>;
