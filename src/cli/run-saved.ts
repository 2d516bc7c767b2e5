import { allWritebacks, named } from './find.ts';
import { type Arguments, type CliContext, exitCodes } from './command.ts';
import { followRun } from './follow-run.ts';
import { withServer } from './server.ts';
import { createTell } from './tell.ts';

/** Runs a saved writeback at the server; with `--follow` until it is over. Answers with the exit code. */
export async function runSaved(name: string, typed: Arguments, context: CliContext): Promise<number> {
  return withServer(typed, context, async (server) => {
    const { client } = server;
    const { id } = named('writeback', await allWritebacks(client), name);
    const { runId } = await client.runWriteback({ params: { id }, body: { dryRun: typed.flag('dry-run') } });
    if (typed.flag('follow')) return followRun(runId, server, typed, context);
    createTell(typed, context)('run', { id: runId }, () => [runId]);
    return exitCodes.done;
  });
}
