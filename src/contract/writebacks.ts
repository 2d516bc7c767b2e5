import { type TSchema, Type } from 'typebox';
import { alertChoice } from './alerts.ts';
import { endpoint } from './endpoint.ts';
import { byId, id, instant, name, nothing, oneOf, pageOf, paging, paneValues, record } from './record.ts';

const updateMethods = ['replace', 'append'] as const;

/** What a person saves: the same as a writeback's YAML, but for the credentials, which are an account's. */
const definition = {
  name,
  description: Type.Optional(Type.String({ maxLength: 2000 })),
  tags: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 50 }), { maxItems: 20 })),
  source: paneValues,
  /** The Domo account; none for a local DataSet. */
  sourceAccountId: Type.Optional(id),
  connector: Type.String(),
  accountId: Type.Optional(id),
  details: Type.Optional(paneValues),
  schedule: Type.Optional(paneValues),
  timeZone: Type.Optional(Type.String()),
  retry: Type.Optional(
    record({
      times: Type.Integer({ minimum: 0, maximum: 20 }),
      everyMinutes: Type.Integer({ minimum: 1, maximum: 1440 }),
    }),
  ),
  updateMethod: Type.Optional(oneOf(updateMethods)),
  /** The output DataSet is to be in Domo too, written with the account that the DataSet is read with. */
  publishOutput: Type.Optional(Type.Boolean()),
  /** Tell the owner when it has not run successfully for so many hours. */
  noUpdateHours: Type.Optional(Type.Integer({ minimum: 1, maximum: 2208 })),
  alerts: Type.Optional(alertChoice),
};

/** Null takes a value away that need not be there. */
function orNull<T extends TSchema>(schema: T) {
  return Type.Optional(Type.Union([schema, Type.Null()]));
}

/** The keys of all that a person saves; what else an answer tells is the server's own. */
export const definitionKeys = Object.keys(definition) as readonly (keyof typeof definition)[];

/** What is not sent stays as it was. */
const change = {
  name: Type.Optional(name),
  description: orNull(definition.description),
  tags: orNull(definition.tags),
  source: Type.Optional(paneValues),
  sourceAccountId: orNull(id),
  connector: Type.Optional(Type.String()),
  accountId: orNull(id),
  details: orNull(paneValues),
  schedule: orNull(paneValues),
  timeZone: orNull(Type.String()),
  retry: orNull(definition.retry),
  updateMethod: orNull(definition.updateMethod),
  publishOutput: orNull(definition.publishOutput),
  noUpdateHours: orNull(definition.noUpdateHours),
  alerts: orNull(alertChoice),
  ownerId: Type.Optional(id),
  paused: Type.Optional(Type.Boolean()),
};

export const writeback = record({
  id,
  version: Type.Integer(),
  ...definition,
  ownerId: id,
  paused: Type.Boolean(),
  /** Why the server paused it, such as a DataSet that its owner lost. */
  pausedBecause: Type.Optional(Type.String()),
  /** Of one that runs after another's success: why that will not come as things are. */
  waitsInVain: Type.Optional(Type.String()),
  nextRun: Type.Optional(instant),
  lastRun: Type.Optional(record({ id, state: Type.String(), finishedAt: Type.Optional(instant) })),
  /** Of one whose output DataSet is published: where it lies in Domo, since when, and what hinders it now. */
  output: Type.Optional(
    record({
      datasetId: Type.Optional(Type.String()),
      publishedAt: Type.Optional(instant),
      problem: Type.Optional(Type.String()),
    }),
  ),
  createdAt: instant,
  updatedAt: instant,
});

const version = record({
  version: Type.Integer(),
  changedBy: id,
  changedAt: instant,
  /** What is different from the version before, by path; values of secrets never stand here. */
  changes: Type.Array(
    record({
      path: Type.String(),
      before: Type.Optional(Type.Unknown()),
      after: Type.Optional(Type.Unknown()),
    }),
  ),
});

/** Saved writebacks and their schedules. */
export const writebackEndpoints = {
  listWritebacks: endpoint({
    method: 'GET',
    path: '/writebacks',
    permission: 'read',
    summary: 'Writebacks, newest first.',
    query: record({
      ...paging,
      connector: Type.Optional(Type.String()),
      ownerId: Type.Optional(id),
      tag: Type.Optional(Type.String()),
      state: Type.Optional(oneOf(['paused', 'active', 'failing'])),
    }),
    answer: pageOf(writeback),
  }),
  createWriteback: endpoint({
    method: 'POST',
    path: '/writebacks',
    permission: 'edit',
    summary: 'Saves a writeback. Its owner must own or co-own the DataSet.',
    body: record(definition),
    answer: writeback,
    status: 201,
    idempotent: true,
  }),
  getWriteback: endpoint({
    method: 'GET',
    path: '/writebacks/{id}',
    permission: 'read',
    summary: 'One writeback.',
    params: byId,
    answer: writeback,
  }),
  changeWriteback: endpoint({
    method: 'PATCH',
    path: '/writebacks/{id}',
    permission: 'edit',
    summary: 'Changes a writeback: a new version. Runs point at the version they ran.',
    params: byId,
    body: record(change),
    answer: writeback,
  }),
  pauseWriteback: endpoint({
    method: 'PUT',
    path: '/writebacks/{id}/paused',
    permission: 'operate',
    summary:
      'Pauses the schedule of a writeback, or lets it go on from now: what was due meanwhile is not run.',
    params: byId,
    body: record({ paused: Type.Boolean() }),
    answer: writeback,
  }),
  deleteWriteback: endpoint({
    method: 'DELETE',
    path: '/writebacks/{id}',
    permission: 'edit',
    summary: 'Deletes a writeback with its schedule; its runs stay until their time is over.',
    params: byId,
    answer: nothing,
    status: 204,
  }),
  listVersions: endpoint({
    method: 'GET',
    path: '/writebacks/{id}/versions',
    permission: 'read',
    summary: 'What was changed, when and by whom.',
    params: byId,
    query: record(paging),
    answer: pageOf(version),
  }),
  runWriteback: endpoint({
    method: 'POST',
    path: '/writebacks/{id}/run',
    permission: 'operate',
    summary: 'Runs now. While a run is on its way, that one is answered.',
    params: byId,
    body: record({ dryRun: Type.Optional(Type.Boolean()) }),
    answer: record({ runId: id }),
    status: 202,
    idempotent: true,
  }),
  nextRuns: endpoint({
    method: 'POST',
    path: '/schedule/next-runs',
    permission: 'read',
    summary: 'The next run times of a schedule before it is saved.',
    body: record({ schedule: paneValues, after: Type.Optional(instant) }),
    answer: record({ runs: Type.Array(instant) }),
  }),
  outputRows: endpoint({
    method: 'GET',
    path: '/writebacks/{id}/output',
    permission: 'read',
    summary: 'The output DataSet: what the runs reported.',
    params: byId,
    query: record(paging),
    answer: pageOf(Type.Record(Type.String(), Type.Unknown())),
  }),
  outputCsv: endpoint({
    method: 'GET',
    path: '/writebacks/{id}/output.csv',
    permission: 'read',
    summary: 'The output DataSet as a download.',
    params: byId,
    answer: Type.String(),
    format: 'csv',
  }),
};
