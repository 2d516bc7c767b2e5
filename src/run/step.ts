import type { DeliveredPart } from '../connector/deliver-part.ts';
import type { Run } from '../connector/contract.ts';
import { withSource } from '../source/create-source.ts';
import type { Source } from '../source/source.ts';
import { hideSecrets } from './hide-secrets.ts';
import { discardRun, movePart, publishRun } from './move-parts.ts';
import { type Begun, type RowsToMove, beginRun, moveRows, toReceipt } from './move-rows.ts';
import type { DoneParts, PlanHead, PlannedPart } from './plan.ts';
import type { Receipt } from './receipt.ts';

/** The parts of a run that are done, and what is needed to end it. */
interface Ending {
  readonly plan: PlanHead;
  readonly parts: DoneParts;
}

/** What a thread is asked to do of a run. Plain data. */
export type Step =
  | { readonly kind: 'whole' }
  | { readonly kind: 'begin' }
  | { readonly kind: 'part'; readonly part: PlannedPart }
  | ({ readonly kind: 'finish' | 'discard' } & Ending);

/** What it answers with. */
export interface StepResults {
  whole: Receipt;
  begin: Begun;
  part: DeliveredPart;
  finish: Receipt;
  discard: undefined;
}

export type StepResult<S extends Step> = StepResults[S['kind']];

/** A run that is done in steps has an id; only the command line has it made of what it moves. */
function identified({ run: { id, ...run } }: RowsToMove): Run {
  if (id === undefined) throw new Error('A run that is done in steps has an id.');
  return { id, ...run };
}

async function finish(work: RowsToMove, source: Source, { plan, parts }: Ending): Promise<Receipt> {
  const run = identified(work);
  const delivered = await publishRun(work, source, run, plan, parts);
  return toReceipt(work, { run, startedAt: new Date(plan.startedAt), delivered });
}

async function doStep(work: RowsToMove, step: Step): Promise<StepResult<Step>> {
  if (step.kind === 'whole') return moveRows(work);
  hideSecrets(work.writeback, work.registry, work.log);
  if (step.kind === 'discard')
    return discardRun(work, identified(work), step.plan, step.parts) as Promise<undefined>;
  return withSource(work.writeback.source, work, async (source) => {
    if (step.kind === 'begin') return beginRun(work, source);
    if (step.kind === 'part') return movePart(work, source, identified(work), step.part);
    return finish(work, source, step);
  });
}

/** Does one step of a run, with a source of its own. Throws as `moveRows` does. */
export const takeStep = doStep as <S extends Step>(work: RowsToMove, step: S) => Promise<StepResult<S>>;
