import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConformanceTarget } from '../../src/connector/conformance.ts';
import { createRegistry } from '../../src/connector/registry.ts';
import { createEgress } from '../../src/egress/egress.ts';
import { createLog } from '../../src/log.ts';
import { moveRows } from '../../src/run/move-rows.ts';
import type { Receipt } from '../../src/run/receipt.ts';
import { checkWriteback } from '../../src/run/writeback.ts';

/** What a run of a test may have of its own. */
export interface WholeRun {
  readonly source: object;
  /** On top of the target's. */
  readonly details?: object;
  readonly runId: string;
  readonly signal?: AbortSignal;
}

/** The panes ask for Domo's too, which the source tells here. */
const withoutDomo = (values: object) =>
  Object.fromEntries(Object.entries(values).filter(([name]) => !/^domo|^inputDatasetId$/.test(name)));

/** A run as the command line and the service do it, from a real source into a target. */
export function runInto(target: ConformanceTarget, run: WholeRun): Promise<Receipt> {
  const registry = createRegistry([target.connector]);
  const value = {
    name: 'Orders',
    source: run.source,
    connector: target.connector.id,
    credentials: withoutDomo(target.credentials),
    details: { ...withoutDomo(target.details), ...run.details },
  };
  return moveRows({
    writeback: checkWriteback(value, registry),
    registry,
    run: { id: run.runId, number: 1, startedAt: new Date('2026-03-02T12:00:00Z') },
    egress: createEgress(),
    log: createLog(() => {}),
    signal: run.signal ?? new AbortController().signal,
  });
}

function linkOf(descriptor: string): string[] {
  try {
    // Without the numbers of sockets and pipes, which are new each time.
    return [readlinkSync(`/proc/self/fd/${descriptor}`).replace(/\d+/g, '')];
  } catch {
    // The one that read the folder.
    return [];
  }
}

const childrenOf = (thread: string): string[] =>
  readFileSync(`/proc/self/task/${thread}/children`, 'utf8').split(' ').filter(Boolean);

/**
 * All that this process holds and a run could have left: open files, sockets and pipes, what keeps the event loop going (threads
 * too), child processes, and what lies in the temporary folder.
 */
export function held(): string[] {
  const descriptors = readdirSync('/proc/self/fd').flatMap(linkOf);
  const children = readdirSync('/proc/self/task')
    .flatMap(childrenOf)
    .map((pid) => `process ${pid}`);
  const files = readdirSync(tmpdir()).map((name) => `file ${name}`);
  const active = process
    .getActiveResourcesInfo()
    .filter((name) => name !== 'Timeout' && name !== 'Immediate');
  return [...descriptors, ...children, ...files, ...active].toSorted();
}

/** Milliseconds in which sockets that are being closed, at both ends, are gone. */
const patience = 10_000;

/** What is held more than `before`, once it does not get less any more; empty when all was let go. */
export async function heldSince(before: readonly string[]): Promise<string[]> {
  const end = performance.now() + patience;
  for (;;) {
    const known = [...before];
    const more = held().filter((name) => {
      const at = known.indexOf(name);
      if (at >= 0) known.splice(at, 1);
      return at < 0;
    });
    if (more.length === 0 || performance.now() > end) return more;
    await sleep(20);
  }
}
