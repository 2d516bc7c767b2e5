import { setTimeout as sleep } from 'node:timers/promises';
import { TemporaryError } from '../errors.ts';
import type { Receipt } from '../run/receipt.ts';
import { type Arguments, type CliContext, exitCodes } from './command.ts';
import type { RunAnswer } from './find.ts';
import { receiptLines } from './receipt-lines.ts';
import { type LiveEvent, readEvents } from './read-events.ts';
import type { Server } from './server.ts';
import { createTell } from './tell.ts';

/** Milliseconds before events are asked for again after the connection broke, and how often in a row: a server may start anew. */
const pause = 1_000;
const patience = 30;

const isOver = ({ state }: RunAnswer) => state !== 'queued' && state !== 'running';

const exitCodeOf = ({ state, error }: RunAnswer): number => {
  if (state === 'succeeded') return exitCodes.done;
  if (state === 'canceled') return exitCodes.canceled;
  return error?.code === 'too-many-rejected-rows' ? exitCodes.rejectedRows : exitCodes.badInput;
};

function endLines(run: RunAnswer): string[] {
  const { state, error, receipt } = run;
  // Rejected rows are kept beside the run, not in its receipt.
  const lists = { location: [], rejected: [], warnings: [], truncated: 0 };
  if (receipt) return [state, ...receiptLines({ ...lists, ...receipt } as unknown as Receipt)];
  return error ? [state, error.message, ...(error.remedy === undefined ? [] : [error.remedy])] : [state];
}

/** A stream that breaks is undici's TypeError. */
const mayPass = (error: unknown) => error instanceof TemporaryError || error instanceof TypeError;

/** Events until the run is over; a connection that breaks is made again after the last event that came. */
async function* eventsOf(id: string, server: Server, signal: AbortSignal): AsyncGenerator<LiveEvent> {
  let last = 0;
  for (let failures = 0; ;) {
    try {
      for await (const event of readEvents(server, `/runs/${encodeURIComponent(id)}/events`, last)) {
        last = event.id;
        failures = 0;
        yield event;
      }
      if (isOver(await server.client.getRun({ params: { id } }))) return;
      failures = 0;
    } catch (error) {
      failures += 1;
      if (!mayPass(error) || failures > patience || signal.aborted) throw error;
    }
    await sleep(pause, undefined, { signal });
  }
}

/** Tells what happens in a run until it is over, and then its receipt. Answers with the exit code that its end has. */
export async function followRun(
  id: string,
  server: Server,
  typed: Arguments,
  context: CliContext,
): Promise<number> {
  const tell = createTell(typed, context);
  try {
    for await (const event of eventsOf(id, server, context.signal))
      if (event.kind !== 'progress' || typed.flag('json')) tell('event', event, () => [event.message]);
  } catch (error) {
    if (!context.signal.aborted) throw error;
    context.err(`The run goes on; to end it, type: writeback cancel ${id}\n`);
    return exitCodes.canceled;
  }
  const run = await server.client.getRun({ params: { id } });
  tell('run', run, () => endLines(run));
  return exitCodeOf(run);
}
