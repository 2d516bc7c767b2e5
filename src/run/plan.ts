import type { DeliveredPart } from '../connector/deliver-part.ts';
import type { Dataset } from '../dataset/dataset.ts';
import type { DayFilter, Range } from '../source/source.ts';

/** Which rows a part moves. */
export interface PartRows {
  readonly range: Range;
  readonly day?: DayFilter;
}

/** A run that is cut into parts. Plain data: each part may be done by another process, and so may the finish. */
export interface Plan {
  /** When the work began, ISO 8601. */
  readonly startedAt: string;
  /** As the source described it before the first part. */
  readonly dataset: Dataset;
  /** How many rows all parts have together, when the source stated it. */
  readonly rows?: number;
  readonly parts: readonly PartRows[];
}

/** What the finish needs to know of a plan. */
export type PlanHead = Omit<Plan, 'parts'>;

/** One part, as whoever does it is told of it. */
export interface PlannedPart extends PartRows {
  readonly number: number;
  readonly attempt: string;
}

/** Parts in order, all done; of a run that is given up, those that were. */
export type DoneParts = readonly DeliveredPart[];
