import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Column } from '../dataset/dataset.ts';
import { dayFilter } from './day.ts';

const columns: Column[] = [
  { name: 'ordered_on', type: 'DATE' },
  { name: 'at', type: 'DATETIME' },
  { name: 'note', type: 'STRING' },
];
const at = new Date('2026-03-30T01:30:00Z');

test('a day of a DATETIME column has the bounds of the time zone', () => {
  const filter = dayFilter(columns, { daysBack: 0, column: 'at' }, at, 'America/New_York');
  assert.deepEqual(filter, {
    column: 'at',
    from: '2026-03-29T04:00:00.000Z',
    to: '2026-03-30T04:00:00.000Z',
  });
});

test('the day on which the clocks go forward has 23 hours', () => {
  const filter = dayFilter(columns, { daysBack: 1, column: 'at' }, at, 'Europe/Berlin');
  assert.deepEqual(filter, {
    column: 'at',
    from: '2026-03-28T23:00:00.000Z',
    to: '2026-03-29T22:00:00.000Z',
  });
});

test('days are counted on the calendar, not by 24 hours: the hour that comes twice changes nothing', () => {
  const late = new Date('2026-10-25T22:30:00Z');
  const filter = dayFilter(columns, { daysBack: 1, column: 'at' }, late, 'Europe/Berlin');
  assert.deepEqual(filter, {
    column: 'at',
    from: '2026-10-23T22:00:00.000Z',
    to: '2026-10-24T22:00:00.000Z',
  });
});

test('where a clock change skips midnight the day begins at the first moment after the gap', () => {
  const summer = new Date('2026-09-06T12:00:00Z');
  const filter = dayFilter(columns, { daysBack: 0, column: 'at' }, summer, 'America/Santiago');
  assert.equal(filter.from, '2026-09-06T04:00:00.000Z');
});

test('a DATE column knows no zone', () => {
  const filter = dayFilter(columns, { daysBack: 1, column: 'ordered_on' }, at, 'America/New_York');
  assert.deepEqual(filter, {
    column: 'ordered_on',
    from: '2026-03-28T00:00:00.000Z',
    to: '2026-03-29T00:00:00.000Z',
  });
});

test('without a column the DataSet must have _BATCH_LAST_RUN_', () => {
  assert.throws(() => dayFilter(columns, { daysBack: 0 }, at, 'UTC'), {
    code: 'day-column-missing',
    field: 'details.dateColumn',
  });
  const appended: Column[] = [...columns, { name: '_BATCH_LAST_RUN_', type: 'DATETIME' }];
  assert.equal(dayFilter(appended, { daysBack: 0 }, at, 'UTC').column, '_BATCH_LAST_RUN_');
});

test('a column of text cannot tell a day', () => {
  assert.throws(() => dayFilter(columns, { daysBack: 0, column: 'note' }, at, 'UTC'), {
    code: 'day-column-missing',
  });
});
