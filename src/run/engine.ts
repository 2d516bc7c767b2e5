import type { ConstructorOptions, Job, JobInsert, PgBoss, QueueOptions, WorkOptions } from 'pg-boss';
import type { Log } from '../log.ts';
import type { Db } from '../store/database.ts';
import { accountLimit } from './account-limit.ts';
import { takeTurns } from './turns.ts';

/** What waits to be worked on: a whole run, one part of it, or what follows when all parts are there. */
export type JobKind = 'run' | 'part' | 'finish';

/** A piece of work. The same one is queued once, however often it is sent. */
export interface RunJob {
  readonly kind: JobKind;
  readonly runId: string;
  /** Of a part: its number. */
  readonly part?: number | undefined;
  /** Which attempt it begins, unless a crash gets in between; the next attempt is another piece of work. */
  readonly attempt: number;
}

/** A piece of work, as it comes to a worker. */
export interface FetchedJob extends RunJob {
  readonly accountId: string | undefined;
  /** How often it was begun before, and neither ended nor failed: its worker died, stopped or lost the database. */
  readonly interrupted: number;
}

/** How it is sent. */
export interface SendOptions {
  /** Not before this time. */
  readonly notBefore?: Date | undefined;
  /** Those of one account take turns with those of others (`turns.ts`). */
  readonly accountId?: string | undefined;
}

/** One of many that are sent together. */
export type SentJob = Omit<RunJob, 'kind'> & Pick<SendOptions, 'accountId'>;

/** How much is worked on at once. */
export interface WorkLimits {
  /** By this process: runs, parts and finishes together. */
  readonly slots: number;
  /** For one account by all processes together, never more; whoever began to work last says how many. */
  readonly perAccount?: number | undefined;
}

/** Does a piece of work. It settles the run itself; when it throws, the work is done again after a while. */
export type JobHandler = (job: FetchedJob, signal: AbortSignal) => Promise<void>;

/** The queue, as the rest of `run/` knows it: all that is said to pg-boss is said here. */
export interface Engine {
  /** Sends a piece of work in the transaction that makes it necessary: either both are there or neither. */
  send(transaction: Db, job: RunJob, options?: SendOptions): Promise<void>;
  /** Sends many of one kind in one statement. */
  sendAll(transaction: Db, kind: JobKind, jobs: readonly SentJob[]): Promise<void>;
  /**
   * Works until `stop`. What a worker had that died is given to another within about 12 seconds; the signal
   * of one that only seemed dead is aborted as soon as it notices.
   */
  work(limits: WorkLimits, handler: JobHandler): Promise<void>;
  /** True while a piece of work of this kind is queued or worked on for the run. */
  isQueued(kind: JobKind, runId: string): Promise<boolean>;
  /** Fetches nothing more and waits for what is worked on, at most so long; what is not done by then is done elsewhere. */
  stop(milliseconds?: number): Promise<void>;
}

/** All kinds are in one: an account's limit is of all of them, and so are a process's slots. */
const queue = 'work';

const hour = 3600;

/** Recoveries after a crash count as retries too, so the limit is out of reach; which failure is retried is decided by error class. */
const queueOptions: QueueOptions = {
  retryLimit: 1_000_000,
  retryDelay: 1,
  retryBackoff: true,
  retryDelayMax: 60,
  // The least that pg-boss allows: a worker that is not heard of for so long is given up.
  heartbeatSeconds: 10,
  // The most that it allows; longer attempts are begun anew. The default, 15 minutes, would cut large runs.
  expireInSeconds: 24 * hour,
  // A run that nobody works on waits: the default would drop it after 14 days.
  retentionSeconds: 365 * 24 * hour,
  // Counted once a second (monitorIntervalSeconds), so few are kept; the history is ours.
  deleteAfterSeconds: 600,
};

/** Seconds. Dead workers are looked for once a second by one process for all: with the heartbeat, a run goes on elsewhere after 11 to 14. */
const instanceOptions = {
  monitorIntervalSeconds: 1,
  superviseIntervalSeconds: 1,
  queueCacheIntervalSeconds: 60,
  useListenNotify: true,
  // Schedules are ours (Domo's semantics): pg-boss's would be computed twice.
  schedule: false,
};

/** Seconds. A notice wakes workers at once, but none is sent for what becomes due later or again, so polling stays quick. */
const workOptions = {
  batchSize: 1,
  pollingIntervalSeconds: 1,
  notifyPollingIntervalSeconds: 1,
  heartbeatRefreshSeconds: 2,
} satisfies WorkOptions;

/** Opens the queue, and creates or migrates its schema. When it throws, nothing is left open. */
export async function openEngine(bossOptions: ConstructorOptions, log: Log): Promise<Engine> {
  const { PgBoss, fromKysely } = await import('pg-boss');
  const boss = new PgBoss({ ...bossOptions, ...instanceOptions });
  boss.on('error', (error) => log.warn('The queue met an error.', { error: error.message }));
  boss.on('warning', ({ message }) => log.warn('The queue warns.', { warning: message }));
  try {
    await boss.start();
    await createQueue(boss);
  } catch (error) {
    // What has begun of it would keep the process, which has nothing to do, alive for ever.
    await boss.stop({ graceful: false });
    throw error;
  }
  const insert = async (transaction: Db, jobs: readonly (RunJob & SendOptions)[]) => {
    if (jobs.length === 0) return;
    await boss.insert(queue, await inTurn(transaction, jobs), { db: fromKysely(transaction) });
  };
  return {
    send: (transaction, job, options) => insert(transaction, [{ ...job, ...options }]),
    sendAll: (transaction, kind, jobs) =>
      insert(
        transaction,
        jobs.map((job) => ({ ...job, kind })),
      ),
    async work({ slots, perAccount }, handler) {
      await boss.getDb().executeSql(accountLimit(queue, perAccount));
      const options = { ...workOptions, ...(perAccount && { groupConcurrency: perAccount }) };
      for (let slot = 0; slot < slots; slot++) await workInSlot(boss, options, handler);
    },
    async isQueued(kind, runId) {
      const jobs = await boss.findJobs(queue, { data: { kind, runId } });
      return jobs.some(({ state }) => state === 'created' || state === 'retry' || state === 'active');
    },
    async stop(milliseconds = 30_000) {
      await boss.stop({ graceful: true, timeout: milliseconds });
    },
  };
}

/** A slot that was not empty looks for more at once, in place of waiting for its next poll: short work would take a second each. */
async function workInSlot(boss: PgBoss, options: WorkOptions, handler: JobHandler): Promise<void> {
  const slot = { id: '' };
  slot.id = await boss.work(queue, options, async ([job]: Job<RunJob>[]) => {
    try {
      if (job) await handler(fetched(job), job.signal);
    } finally {
      boss.notifyWorker(slot.id);
    }
  });
}

const fetched = ({ data, groupId, retryCount }: Job<RunJob>): FetchedJob => ({
  ...data,
  accountId: groupId ?? undefined,
  interrupted: retryCount,
});

/** Pieces of work as pg-boss takes them: the same one only once, each in its turn. */
async function inTurn(
  transaction: Db,
  jobs: readonly (RunJob & SendOptions)[],
): Promise<JobInsert<RunJob>[]> {
  const turns = await takeTurns(
    transaction,
    queue,
    jobs.map(({ kind, accountId }) => ({ accountId, isUrgent: kind === 'finish' })),
  );
  return jobs.map(({ notBefore, accountId, ...data }, index) => ({
    data,
    singletonKey: `${data.kind} ${data.runId}/${data.part ?? ''}#${data.attempt}`,
    priority: -turns[index]!,
    ...(notBefore && { startAfter: notBefore }),
    ...(accountId && { group: { id: accountId } }),
  }));
}

/**
 * The queue is asked for once before anything is sent: pg-boss looks an unknown one up on a connection of its own, for which
 * a transaction that holds the last connection would wait for ever.
 */
async function createQueue(boss: PgBoss): Promise<void> {
  // The policy refuses a piece of work that is queued or worked on already.
  await boss.createQueue(queue, { ...queueOptions, policy: 'exclusive', notify: true });
  await boss.updateQueue(queue, queueOptions);
  await boss.findJobs(queue, { id: '00000000-0000-0000-0000-000000000000' });
}
