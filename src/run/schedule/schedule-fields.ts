import { fields } from '../../field/field.ts';

const repeating = ['minutes', 'hour', 'day', 'week', 'month'];
const onceADay = ['day', 'weekday', 'week', 'month'];
const withinADay = ['minutes', 'hour'];
const byDay = [...withinADay, 'month'];

/** The Scheduling pane: Domo's basic and advanced scheduling in one list, cron, and two that wait for something to happen. */
export const scheduleFields = fields({
  every: {
    type: 'choice',
    label: 'Every',
    help: 'How often the writeback runs by itself.',
    choices: {
      manual: 'Manually',
      minutes: 'Few minutes',
      hour: 'Hour',
      day: 'Day',
      weekday: 'Weekday (Monday to Friday)',
      week: 'Week',
      month: 'Month',
      cron: 'As a cron expression says',
      change: 'Time the DataSet has changed',
      success: 'Time another writeback has succeeded',
    },
    default: 'manual',
  },
  interval: {
    type: 'number',
    label: 'Interval',
    help: '2 means every second hour, day, week or month; of minutes, their number.',
    minimum: 1,
    maximum: 1000,
    when: { every: repeating },
  },
  at: {
    type: 'text',
    label: 'At',
    help: 'Time of day, HH:mm, on the clock of the time zone.',
    default: '00:00',
    example: '06:00',
    when: { every: onceADay },
  },
  minute: {
    type: 'number',
    label: 'Minute',
    help: 'Minutes after the full hour.',
    minimum: 0,
    maximum: 59,
    default: 0,
    when: { every: ['hour'] },
  },
  activeFrom: {
    type: 'text',
    label: 'Active From',
    help: 'First time of day at which it runs, HH:mm.',
    example: '08:00',
    when: { every: withinADay },
  },
  activeUntil: {
    type: 'text',
    label: 'Active Until',
    help: 'Time of day from which on it no longer runs, HH:mm: until 19:00 means that 19:00 is left out. Before "Active From", it means the next morning.',
    example: '19:00',
    when: { every: withinADay },
  },
  daysOfWeek: {
    type: 'text',
    label: 'Days of Week',
    help: 'Such as monday, or of a month: second sunday, last friday.',
    list: true,
    multiline: true,
    example: 'monday',
    when: { every: ['week', ...byDay] },
  },
  daysOfMonth: {
    type: 'text',
    label: 'Days of Month',
    help: 'Numbers, or last. Day 29, 30 or 31 is the last day of a month that is shorter.',
    list: true,
    multiline: true,
    example: '1',
    when: { every: byDay },
  },
  months: {
    type: 'text',
    label: 'Months',
    help: 'Only in these months, such as january. None means all.',
    list: true,
    multiline: true,
    example: 'january',
    when: { every: byDay },
  },
  cronExpression: {
    type: 'text',
    label: 'Cron Expression',
    help: 'Five fields: minute, hour, day of month, month, day of week.',
    required: true,
    example: '0 6 * * MON-FRI',
    when: { every: ['cron'] },
  },
  writeback: {
    type: 'text',
    label: 'Writeback',
    help: 'Id or name of the writeback after whose success this one runs.',
    required: true,
    when: { every: ['success'] },
  },
  startDate: {
    type: 'text',
    label: 'Start Date',
    help: 'First day on which it may run, yyyy-MM-dd; intervals count from it.',
    example: '2027-01-31',
    when: { every: [...repeating, 'weekday', 'cron'] },
  },
  timeZone: {
    type: 'text',
    label: 'Time Zone',
    help: 'IANA name. A time that a clock change leaves out runs at the first moment after it; one that comes twice runs the first time.',
    default: 'UTC',
    example: 'Europe/Berlin',
  },
});
