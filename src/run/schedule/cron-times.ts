import { Cron } from 'croner';
import { UserError } from '../../errors.ts';
import { type DayNumber, millisecondsOfDay } from './local-time.ts';

function parsed(expression: string): Cron {
  const fields = expression.trim().split(/\s+/).length;
  try {
    // In UTC, so that it tells what the clock on the wall shows; clock changes are this room's own business.
    if (fields === 5) return new Cron(expression, { timezone: 'UTC', paused: true });
  } catch (cause) {
    throw invalid(expression, { cause });
  }
  throw invalid(expression, {});
}

function invalid(expression: string, { cause }: { cause?: unknown }): UserError {
  const why = cause instanceof Error ? ` (${cause.message.replace(/^CronPattern: /, '')})` : '';
  return new UserError('schedule-invalid', `"${expression}" is not a cron expression${why}.`, {
    field: 'cronExpression',
    remedy: 'Write five fields: minute, hour, day of month, month and day of week, such as 0 6 * * MON-FRI.',
    cause,
  });
}

/** Fixed minutes and hours name times of day; anything else is a repetition within the day. */
const namesTimes = (expression: string) => /^[\d,]+\s+[\d,]+\s/.test(expression.trim());

/** What a cron expression says of each day. Throws UserError `schedule-invalid`. */
export function cronTimes(expression: string): {
  minutesOn(day: DayNumber): number[];
  bothTimes: boolean;
} {
  const next = rememberNext(parsed(expression));
  const minutesOn = (day: DayNumber) => {
    const minutes: number[] = [];
    const start = day * millisecondsOfDay;
    const end = start + millisecondsOfDay;
    for (let at = next(start - 1); at < end; at = next(at)) minutes.push((at - start) / 60_000);
    return minutes;
  };
  return { minutesOn, bothTimes: !namesTimes(expression) };
}

/** The next time after another, Infinity for none. It is remembered: a rare time is searched for once, not on each day before it. */
function rememberNext(cron: Cron): (after: number) => number {
  let known = { from: Infinity, at: -Infinity };
  return (after) => {
    if (after < known.from || after >= known.at)
      known = { from: after, at: cron.nextRun(new Date(after))?.getTime() ?? Infinity };
    return known.at;
  };
}
