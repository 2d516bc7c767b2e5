import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import type { Log } from '../../log.ts';
import { type Cluster, prepareCluster } from './cluster.ts';
import { connectionTo, joinServer, presence } from './join-server.ts';
import { postmasterPid, serverLives } from './postmaster-file.ts';

/** A server that runs as long as anybody uses it. */
export interface EmbeddedServer {
  readonly connection: ReturnType<typeof connectionTo>;
  /** Leaves the server; the last one to leave stops it and waits until it has ended. */
  close(): Promise<void>;
}

/** Milliseconds between two tries to bring back a server that died. */
const betweenTries = 1000;

/**
 * Opens the database of a data folder: creates it, starts it, or joins it where it runs. As long as it is open, a
 * server that dies is started again; who had connections to it reconnects. Throws what `prepareCluster` and
 * `joinServer` throw.
 */
export async function openEmbeddedServer(
  folder: string,
  log: Log,
  signal: AbortSignal,
): Promise<EmbeddedServer> {
  const cluster = await prepareCluster(folder);
  log.hide(cluster.password);
  const closing = new AbortController();
  let present = Promise.resolve<Client | undefined>(await joinServer(cluster, signal));
  const watch = (client: Client | undefined) => client?.once('end', comeBack);
  function comeBack() {
    if (closing.signal.aborted) return;
    log.warn('The database has gone away; it is started again.');
    present = rejoin(cluster, log, closing.signal);
    void present.then(watch);
  }
  watch(await present);
  return {
    connection: connectionTo(cluster),
    async close() {
      closing.abort();
      const client = await present;
      if (client) await leave(cluster, client);
    },
  };
}

/** Tries until it succeeds or is no longer wanted; then there is nobody to come back. */
async function rejoin(cluster: Cluster, log: Log, signal: AbortSignal): Promise<Client | undefined> {
  while (!signal.aborted) {
    try {
      return await joinServer(cluster, signal);
    } catch (error) {
      if (signal.aborted) break;
      log.warn('The database does not come back.', { error: String(error) });
      await sleep(betweenTries, undefined, { signal }).catch(() => {});
    }
  }
  return undefined;
}

/** Whoever gets the lock alone is the last. It keeps it, so that nobody enters while the server ends. */
async function leave(cluster: Cluster, client: Client): Promise<void> {
  const last = await client
    .query<{ alone: boolean }>(
      'select pg_try_advisory_lock($1) as alone from (select pg_advisory_unlock_shared($1)) as unlocked',
      [presence],
    )
    .then(
      ({ rows }) => rows[0]?.alone === true,
      () => false,
    );
  if (last) await stop(cluster);
  await client.end().catch(() => {});
}

/** A "fast" shutdown: transactions in flight are rolled back, everything committed is flushed. */
async function stop(cluster: Cluster): Promise<void> {
  const pid = await postmasterPid(cluster.data);
  if (pid === undefined || !(await serverLives(cluster.data))) return;
  process.kill(pid, 'SIGINT');
  // Until it is this server's no longer: another process may have started the next one already.
  while ((await postmasterPid(cluster.data)) === pid && (await serverLives(cluster.data))) await sleep(10);
}
