import { Type } from 'typebox';
import { endpoint } from './endpoint.ts';
import { byId, id, instant, nothing, oneOf, pageOf, paging, record } from './record.ts';

/** What begins a run: a person, its schedule, a DataSet that changed, another writeback's success, or its own rejected rows. */
export const runCauses = ['manual', 'schedule', 'change', 'after', 'rejected-rows'] as const;

export const runStates = ['queued', 'running', 'succeeded', 'failed', 'canceled'] as const;

const count = Type.Integer({ minimum: 0 });

const runRecord = record({
  id,
  writebackId: id,
  version: Type.Integer(),
  number: Type.Integer(),
  state: oneOf(runStates),
  attempt: Type.Integer(),
  cause: oneOf(runCauses),
  dryRun: Type.Boolean(),
  queuedAt: instant,
  startedAt: Type.Optional(instant),
  finishedAt: Type.Optional(instant),
  rowsRead: count,
  rowsWritten: count,
  rowsRejected: count,
  bytes: count,
  /** The whole receipt, once it is finished. */
  receipt: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  error: Type.Optional(
    record({
      code: Type.String(),
      message: Type.String(),
      remedy: Type.Optional(Type.String()),
      field: Type.Optional(Type.String()),
      row: Type.Optional(Type.Integer()),
    }),
  ),
});

const event = record({
  id: Type.Integer(),
  at: instant,
  kind: oneOf(['state', 'progress', 'log']),
  level: Type.Optional(oneOf(['debug', 'info', 'warn', 'error'])),
  message: Type.String(),
  rows: Type.Optional(count),
  bytes: Type.Optional(count),
});

const rejectedRow = record({
  /** Which of the DataSet's rows, counted from 1. */
  row: Type.Integer(),
  column: Type.Optional(Type.String()),
  reason: Type.String(),
});

/** Executions and what they left behind. */
export const runEndpoints = {
  listRuns: endpoint({
    method: 'GET',
    path: '/runs',
    permission: 'read',
    summary: 'Runs, newest first.',
    query: record({
      ...paging,
      writebackId: Type.Optional(id),
      state: Type.Optional(oneOf(runStates)),
    }),
    answer: pageOf(runRecord),
  }),
  getRun: endpoint({
    method: 'GET',
    path: '/runs/{id}',
    permission: 'read',
    summary: 'One run.',
    params: byId,
    answer: runRecord,
  }),
  cancelRun: endpoint({
    method: 'POST',
    path: '/runs/{id}/cancel',
    permission: 'operate',
    summary: 'Cancels a run that is queued or running.',
    params: byId,
    answer: nothing,
    status: 202,
  }),
  retryRun: endpoint({
    method: 'POST',
    path: '/runs/{id}/retry',
    permission: 'operate',
    summary: 'Runs the same version again.',
    params: byId,
    answer: record({ runId: id }),
    status: 202,
    idempotent: true,
  }),
  retryRejected: endpoint({
    method: 'POST',
    path: '/runs/{id}/retry-rejected',
    permission: 'operate',
    summary:
      'Writes the rows again that the run rejected, and no others; where a writeback appends or upserts.',
    params: byId,
    answer: record({ runId: id }),
    status: 202,
    idempotent: true,
  }),
  runEvents: endpoint({
    method: 'GET',
    path: '/runs/{id}/events',
    permission: 'read',
    summary: 'States, progress and log lines as they come; `Last-Event-ID` goes on after a break.',
    params: byId,
    answer: event,
    format: 'lines',
  }),
  listEvents: endpoint({
    method: 'GET',
    path: '/runs/{id}/log',
    permission: 'read',
    summary: 'The log of a run.',
    params: byId,
    query: record(paging),
    answer: pageOf(event),
  }),
  listRejectedRows: endpoint({
    method: 'GET',
    path: '/runs/{id}/rejected',
    permission: 'read',
    summary: 'Rows that the destination refused, with the reason.',
    params: byId,
    query: record(paging),
    answer: pageOf(rejectedRow),
  }),
  rejectedRowsCsv: endpoint({
    method: 'GET',
    path: '/runs/{id}/rejected.csv',
    permission: 'read',
    summary:
      'The rejected rows: the columns of the DataSet, then _ROW_, _COLUMN_ and _REASON_. A download for who may change the writeback.',
    params: byId,
    answer: Type.String(),
    format: 'csv',
  }),
};
