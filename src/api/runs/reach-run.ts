import { UserError } from '../../errors.ts';
import type { Db } from '../../store/database.ts';
import { type Run, findRun } from '../../store/run.ts';

/** The run. Throws UserError `run-not-found`. */
export async function reachRun(db: Db, id: string): Promise<Run> {
  const run = await findRun(db, id);
  if (run) return run;
  throw new UserError('run-not-found', 'There is no such run; old ones are removed after a while.');
}
