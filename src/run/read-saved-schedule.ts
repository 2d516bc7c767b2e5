import { type Schedule, readSchedule } from './schedule/schedule.ts';

/** Schedules that were read already, by their JSON: most people want the same few, and reading one looks years ahead. */
const read = new Map<string, Schedule>();
const mostRead = 10_000;

/** Reads a schedule that was accepted when it was saved; the operator's least distance was checked then. Throws what `readSchedule` throws. */
export function readSavedSchedule(definition: Readonly<Record<string, unknown>>): Schedule {
  const json = JSON.stringify(definition);
  const known = read.get(json);
  if (known) return known;
  const schedule = readSchedule(definition, 1);
  if (read.size >= mostRead) read.clear();
  read.set(json, schedule);
  return schedule;
}
