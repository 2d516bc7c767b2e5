import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { nextRuns } from './next-runs.ts';
import { readSchedule } from './schedule.ts';

const runsOf = (pane: object, after: string, count = 3) =>
  nextRuns(readSchedule(pane), new Date(after), count).map((run) => run.toISOString().slice(0, 16));

const berlin = { timeZone: 'Europe/Berlin' };

describe('what runs at times', () => {
  test('every day at a time of the zone', () => {
    assert.deepEqual(runsOf({ every: 'day', at: '06:00', ...berlin }, '2026-07-01T04:00:00Z', 2), [
      '2026-07-02T04:00',
      '2026-07-03T04:00',
    ]);
  });

  test('every third day counts from the start date, and nothing runs before it', () => {
    const pane = { every: 'day', interval: 3, startDate: '2027-01-30', at: '12:00' };
    assert.deepEqual(runsOf(pane, '2026-01-01T00:00:00Z'), [
      '2027-01-30T12:00',
      '2027-02-02T12:00',
      '2027-02-05T12:00',
    ]);
  });

  test('weekdays leave out the weekend', () => {
    assert.deepEqual(runsOf({ every: 'weekday', at: '09:00' }, '2026-11-20T10:00:00Z', 2), [
      '2026-11-23T09:00',
      '2026-11-24T09:00',
    ]);
  });

  test('every second week on two days', () => {
    const pane = { every: 'week', interval: 2, daysOfWeek: ['monday', 'Fri'], startDate: '2026-11-23' };
    assert.deepEqual(runsOf(pane, '2026-11-22T00:00:00Z'), [
      '2026-11-23T00:00',
      '2026-11-27T00:00',
      '2026-12-07T00:00',
    ]);
  });

  test('day 31 of a shorter month is its last day', () => {
    assert.deepEqual(runsOf({ every: 'month', daysOfMonth: ['31'] }, '2027-12-31T12:00:00Z', 4), [
      '2028-01-31T00:00',
      '2028-02-29T00:00',
      '2028-03-31T00:00',
      '2028-04-30T00:00',
    ]);
  });

  test('the second and fourth Sunday', () => {
    const pane = { every: 'month', daysOfWeek: ['second sunday', 'fourth sunday'], at: '03:15' };
    assert.deepEqual(runsOf(pane, '2026-11-01T00:00:00Z'), [
      '2026-11-08T03:15',
      '2026-11-22T03:15',
      '2026-12-13T03:15',
    ]);
  });

  test('the last Friday of two months of the year', () => {
    const pane = { every: 'month', daysOfWeek: 'last friday', months: 'march, september' };
    assert.deepEqual(runsOf(pane, '2026-11-01T00:00:00Z', 2), ['2027-03-26T00:00', '2027-09-24T00:00']);
  });

  test('the end of active hours is left out', () => {
    const pane = { every: 'hour', interval: 4, minute: 30, activeFrom: '08:00', activeUntil: '16:30' };
    assert.deepEqual(runsOf(pane, '2026-11-21T00:00:00Z'), [
      '2026-11-21T08:30',
      '2026-11-21T12:30',
      '2026-11-22T08:30',
    ]);
  });

  test('active hours may go over midnight: from 8 until 7 skips 7 alone', () => {
    const day = runsOf(
      { every: 'hour', activeFrom: '08:00', activeUntil: '07:00' },
      '2026-11-20T23:59:00Z',
      24,
    );
    assert.equal(day.filter((run) => run.startsWith('2026-11-21')).length, 23);
    assert.ok(!day.includes('2026-11-21T07:00'));
  });

  test('a cron expression is read on the clock of the zone', () => {
    const pane = { every: 'cron', cronExpression: '30 6 * * MON-FRI', ...berlin };
    assert.deepEqual(runsOf(pane, '2026-11-20T12:00:00Z', 2), ['2026-11-23T05:30', '2026-11-24T05:30']);
  });
});

describe('when the clock is changed', () => {
  test('a time that is left out runs at the first moment after the gap', () => {
    assert.deepEqual(runsOf({ every: 'day', at: '02:30', ...berlin }, '2027-03-27T12:00:00Z', 2), [
      '2027-03-28T01:00',
      '2027-03-29T00:30',
    ]);
  });

  test('a time that comes twice runs once, the first time', () => {
    assert.deepEqual(runsOf({ every: 'day', at: '02:30', ...berlin }, '2027-10-30T12:00:00Z', 2), [
      '2027-10-31T00:30',
      '2027-11-01T01:30',
    ]);
  });

  test('what repeats every hour goes on through both changes', () => {
    for (const night of ['2027-03-27T22:00:00Z', '2027-10-30T22:00:00Z']) {
      const runs = nextRuns(readSchedule({ every: 'hour', ...berlin }), new Date(night), 8);
      const hours = runs.map((run) => (run.getTime() - Date.parse(night)) / 3_600_000);
      assert.deepEqual(hours, [1, 2, 3, 4, 5, 6, 7, 8]);
    }
  });

  test('a gap at midnight and one of half an hour', () => {
    assert.deepEqual(runsOf({ every: 'day', timeZone: 'Africa/Cairo' }, '2027-04-29T12:00:00Z', 1), [
      '2027-04-29T22:00',
    ]);
    const lordHowe = { every: 'day', at: '02:15', timeZone: 'Australia/Lord_Howe' };
    assert.deepEqual(runsOf(lordHowe, '2027-10-02T12:00:00Z', 1), ['2027-10-02T15:30']);
  });

  test('no day is skipped and runs ascend, whatever the zone and the time', () => {
    const zones = fc.constantFrom(
      'Europe/Berlin',
      'America/New_York',
      'Asia/Kolkata',
      'Pacific/Apia',
      'Africa/Cairo',
    );
    const time = fc.tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }));
    const days = fc.integer({ min: 0, max: 20_000 });
    fc.assert(
      fc.property(zones, time, days, (timeZone, [hour, minute], day) => {
        const at = `${hour}:${String(minute).padStart(2, '0')}`;
        const after = new Date(Date.UTC(2026, 0, 1) + day * 86_400_000);
        const runs = nextRuns(readSchedule({ every: 'day', at, timeZone }), after, 10);
        const distances = runs.slice(1).map((run, index) => run.getTime() - runs[index]!.getTime());
        assert.equal(runs.length, 10);
        for (const distance of distances) assert.ok(distance >= 82_800_000 && distance <= 90_000_000);
      }),
      { numRuns: 200 },
    );
  });
});

describe('what is refused', () => {
  const refusals: [string, object, string, string?][] = [
    ['runs that are too close', { every: 'minutes', interval: 5 }, 'schedule-too-often'],
    [
      'a cron expression that runs too often',
      { every: 'cron', cronExpression: '*/5 * * * *' },
      'schedule-too-often',
    ],
    [
      'a broken cron expression',
      { every: 'cron', cronExpression: '61 * * * *' },
      'schedule-invalid',
      'cronExpression',
    ],
    [
      'a cron expression with seconds',
      { every: 'cron', cronExpression: '0 0 6 * * *' },
      'schedule-invalid',
      'cronExpression',
    ],
    ['a schedule that never runs', { every: 'cron', cronExpression: '0 0 30 2 *' }, 'schedule-never'],
    [
      'active hours without an hour',
      { every: 'hour', minute: 30, activeFrom: '08:00', activeUntil: '08:15' },
      'schedule-never',
    ],
    [
      'an unknown time zone',
      { every: 'day', timeZone: 'Europe/Berlim' },
      'name-unknown-time-zone',
      'timeZone',
    ],
    ['a time that is none', { every: 'day', at: '25:00' }, 'schedule-invalid', 'at'],
    ['a day that is none', { every: 'day', startDate: '2027-02-30' }, 'schedule-invalid', 'startDate'],
    ['a weekday that is none', { every: 'week', daysOfWeek: 'someday' }, 'schedule-invalid', 'daysOfWeek'],
    ['an hour interval of two days', { every: 'hour', interval: 48 }, 'schedule-invalid', 'interval'],
    ['an unknown field', { every: 'day', att: '06:00' }, 'field-unknown', 'att'],
  ];
  for (const [title, pane, code, field] of refusals)
    test(title, () => {
      assert.throws(() => readSchedule(pane), { code, ...(field && { field }) });
    });

  test('an operator may lower the limit', () => {
    assert.equal(readSchedule({ every: 'minutes', interval: 5 }, 5).kind, 'times');
  });

  test('no time is of a year with five digits', () => {
    const schedule = readSchedule({ every: 'day', at: '23:59', timeZone: 'Etc/GMT+12' });
    const runs = nextRuns(schedule, new Date('9999-12-29T12:00:00Z'));
    assert.deepEqual(
      runs.map((run) => run.toISOString()),
      ['9999-12-30T11:59:00.000Z', '9999-12-31T11:59:00.000Z'],
    );
  });

  test('what waits for an event has no times', () => {
    assert.deepEqual(readSchedule({ every: 'success', writeback: 'Sales' }), {
      kind: 'success',
      writeback: 'Sales',
    });
    assert.deepEqual(nextRuns(readSchedule({ every: 'change' }), new Date()), []);
    assert.deepEqual(readSchedule({}), { kind: 'manual' });
  });
});
