import type { BlockedAttempt } from '../egress/address-policy.ts';
import type { Log } from '../log.ts';
import { writeAudit } from '../store/audit.ts';
import type { Db } from '../store/database.ts';

/** Threads that move rows are blocked by themselves, but only the process's first thread writes into the audit log. */
const channelName = 'writeback blocked attempts';

/** Tells the first thread of an attempt that was blocked in this one. */
export function tellBlocked(attempt: BlockedAttempt): void {
  const channel = new BroadcastChannel(channelName);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel between threads is no window
  channel.postMessage(attempt);
  channel.close();
}

/** Logs and audits an attempt; the audit log's own failure is only logged, as the attempt is over. */
async function record(attempt: BlockedAttempt, db: Db, log: Log): Promise<void> {
  const { host, ...rest } = attempt;
  log.warn('A connection was blocked.', { ...attempt });
  const deed = { actor: 'service', action: 'egress.block', target: host, details: { ...rest } };
  await db
    .transaction()
    .execute((transaction) => writeAudit(transaction, deed))
    .catch((error: unknown) =>
      log.warn('A blocked connection is not in the audit log.', { error: String(error) }),
    );
}

/** Records what is blocked in any thread, until `stack` is disposed; then all that came before is recorded. */
export function recordBlocked(db: Db, log: Log, stack: AsyncDisposableStack): void {
  const recording = new Set<Promise<void>>();
  const channel = new BroadcastChannel(channelName);
  channel.onmessage = ({ data }: { readonly data: unknown }) => {
    const recorded = record(data as BlockedAttempt, db, log).finally(() => recording.delete(recorded));
    recording.add(recorded);
  };
  stack.defer(async () => {
    channel.close();
    await Promise.all(recording);
  });
}
