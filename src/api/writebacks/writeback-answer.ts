import type { Contract } from '../../contract/contract.ts';
import type { AnswerOf } from '../../contract/endpoint.ts';
import type { Definition } from '../../run/definition.ts';
import type { WritebackOverview } from '../../store/writeback-overview.ts';
import { present } from '../present.ts';

type Answer = AnswerOf<Contract['getWriteback']>;

/** Why a writeback that waits for another one's success waits in vain as things are. */
function waitsInVain({ awaited }: WritebackOverview): string | undefined {
  if (awaited === null || awaited.some(({ state }) => state === 'active')) return undefined;
  const [first] = awaited;
  if (!first) return 'The writeback after whose success it is to run was deleted, renamed or given away.';
  return `“${first.name}”, after whose success it is to run, is paused.`;
}

/** A writeback as the API tells it. What it does is its newest version's; secrets are the accounts' and not there. */
export function writebackAnswer(overview: WritebackOverview): Answer {
  const { id, version, ownerId, state, pausedBecause, createdAt, updatedAt, nextDueAt, lastRun } = overview;
  const { output } = overview;
  const isPaused = state === 'paused';
  return {
    ...(overview.definition as Definition),
    id,
    version,
    ownerId,
    paused: isPaused,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
    ...present({
      pausedBecause,
      waitsInVain: waitsInVain(overview),
      output: output && {
        ...present({
          datasetId: output.place?.datasetId,
          publishedAt: output.publishedAt?.toISOString(),
          problem: output.lastError,
        }),
      },
      nextRun: isPaused ? undefined : nextDueAt?.toISOString(),
      lastRun: lastRun && {
        id: lastRun.id,
        state: lastRun.state,
        ...present({ finishedAt: lastRun.finishedAt?.toISOString() }),
      },
    }),
  };
}
