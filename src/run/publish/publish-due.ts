import { UserError } from '../../errors.ts';
import type { Egress } from '../../egress/egress.ts';
import type { Log } from '../../log.ts';
import { withSource } from '../../source/create-source.ts';
import type { Db } from '../../store/database.ts';
import {
  type PublishedOutput,
  changePublication,
  endPublication,
  takeDuePublications,
} from '../../store/published-output.ts';
import { addRunWarning, findRun } from '../../store/run.ts';
import { findWriteback } from '../../store/writeback.ts';
import { findWritebackVersion } from '../../store/writeback-version.ts';
import { type AssemblyParts, type Definition, assemble } from '../definition.ts';
import { hideSecrets } from '../hide-secrets.ts';
import { type RunLog, openRunLog } from '../run-log.ts';
import { scopedLog } from '../scoped-log.ts';
import { publishOutput } from './publish-output.ts';

/** What output DataSets are published with. */
export interface PublishParts extends AssemblyParts {
  readonly egress: Egress;
  readonly log: Log;
}

const minute = 60_000;
/** Milliseconds for one; and until somebody else may take it, should this process die. */
const patience = { work: 5 * minute, taken: 6 * minute };
/** After so many tries, over about three hours, it waits for the next run. */
const mostTries = 8;
const atOnce = 10;

const waitAfter = (tries: number) => Math.min(minute * 2 ** tries, 60 * minute);

async function publish(
  publication: PublishedOutput,
  parts: PublishParts,
  signal: AbortSignal,
): Promise<void> {
  const { db, egress, log, registry } = parts;
  const { writebackId } = publication;
  const writeback = await findWriteback(db, writebackId);
  if (!writeback) return;
  const stated = await findWritebackVersion(db, writebackId, writeback.version);
  const definition = stated!.definition as Definition;
  if (!definition.publishOutput) return;
  const assembled = await assemble(definition, writeback, parts);
  hideSecrets(assembled, registry, log);
  const { name, updateMethod = 'replace' } = definition;
  await withSource(assembled.source, { egress, log }, async ({ outputs }) => {
    if (outputs)
      await publishOutput(publication, { writebackId, name, updateMethod }, { db, outputs, signal });
  });
}

/** The run is over and stays what it is: it is told in its log, and in its receipt once nothing more is tried. */
async function tellFailure(
  publication: PublishedOutput,
  error: unknown,
  { db, log }: { readonly db: Db; readonly log: Pick<RunLog, 'warn' | 'clean'> },
  now: Date,
): Promise<void> {
  const { writebackId, runId, tries } = publication;
  const isGone = error instanceof UserError && error.code === 'domo-stream-gone';
  const isOver = (error instanceof UserError && !isGone) || tries >= mostTries;
  const why = error instanceof Error ? error.message : String(error);
  const sentence = log.clean(`The output DataSet was not published to Domo: ${why}`);
  log.warn(sentence, { tries });
  if (isOver) {
    await addRunWarning(db, runId, sentence);
    await endPublication(db, publication, sentence);
    return;
  }
  const anew = { place: null, published: null, execution: null };
  const nextTryAt = new Date(now.getTime() + waitAfter(tries));
  await changePublication(db, writebackId, { lastError: sentence, nextTryAt, ...(isGone && anew) });
}

/** Where its lines stand: in the log of the run that wished it, as long as that is there. */
async function logOf({ runId }: PublishedOutput, { db, log }: PublishParts): Promise<RunLog> {
  const run = await findRun(db, runId);
  if (run) return openRunLog(db, run, log);
  return { ...scopedLog(log), clean: (value) => value, close: async () => {} };
}

async function publishOne(
  publication: PublishedOutput,
  parts: PublishParts,
  stopped: AbortSignal,
  now: Date,
): Promise<void> {
  const { db } = parts;
  const log = await logOf(publication, parts);
  const signal = AbortSignal.any([stopped, AbortSignal.timeout(patience.work)]);
  try {
    await publish(publication, { ...parts, log }, signal);
    await endPublication(db, publication);
  } catch (error) {
    stopped.throwIfAborted();
    await tellFailure(publication, error, { db, log }, now);
  } finally {
    await log.close();
  }
}

/** Publishes the output DataSets that are due. What fails is tried again after a while that doubles, or with the next run. */
export async function publishDue(parts: PublishParts, signal: AbortSignal, now = new Date()): Promise<void> {
  for (let taken = atOnce; taken === atOnce && !signal.aborted;) {
    const until = new Date(now.getTime() + patience.taken);
    const due = await takeDuePublications(parts.db, now, until, atOnce);
    for (const publication of due) await publishOne(publication, parts, signal, now);
    taken = due.length;
  }
}
