import type { Run as ConnectorRun } from '../connector/contract.ts';
import type { Run } from '../store/run.ts';

/**
 * What the run is to the destination, the same at every attempt. The clock of the database, which queued it, may be a little
 * behind that of the schedule.
 */
export function identityOf({ id, number, queuedAt, dueAt }: Run): ConnectorRun {
  return { id, number, startedAt: new Date(Math.max(queuedAt.getTime(), dueAt?.getTime() ?? 0)) };
}
