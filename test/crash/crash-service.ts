import type { Role } from '../../src/start/roles.ts';
import { keyRing } from '../servers/saved-writeback.ts';
import { type StartedService, startService } from '../servers/started-service.ts';
import type { CrashDatabase } from './crash-database.ts';

/** The service as processes of one role each, any of which may be killed. */
export interface CrashService {
  /** The processes of a role. */
  processes(role: Role): readonly StartedService[];
  start(role: Role): Promise<StartedService>;
  /** Ends it the way a power cut does. */
  kill(role: Role, victim: StartedService): Promise<void>;
  killAll(): Promise<void>;
}

/** Begins a process again, as a supervisor does, when it ended with 3: the database was away. */
async function supervised(environment: Readonly<Record<string, string>>): Promise<StartedService> {
  for (;;) {
    try {
      return await startService(environment);
    } catch (error) {
      if (!String(error).includes('It ended with 3:')) throw error;
    }
  }
}

/** A service on a database; none of its processes runs yet. */
export function crashService({ environment }: Pick<CrashDatabase, 'environment'>): CrashService {
  const running: Record<Role, StartedService[]> = { api: [], scheduler: [], worker: [] };
  const start = async (role: Role) => {
    const started = await supervised({
      ...environment,
      WRITEBACK_ROLE: role,
      WRITEBACK_PORT: '0',
      WRITEBACK_RUNS: '6',
      WRITEBACK_DEVELOPMENT: '1',
      WRITEBACK_MASTER_KEYS: keyRing[0].bytes.toString('base64'),
    });
    running[role].push(started);
    return started;
  };
  const kill = async (role: Role, victim: StartedService) => {
    running[role].splice(running[role].indexOf(victim), 1);
    await victim.end('SIGKILL');
  };
  return {
    processes: (role) => running[role],
    start,
    kill,
    async killAll() {
      const all = Object.entries(running) as [Role, StartedService[]][];
      await Promise.all(all.flatMap(([role, some]) => [...some].map((one) => kill(role, one))));
    },
  };
}
