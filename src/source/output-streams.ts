import type { Column } from '../dataset/dataset.ts';

/** An output DataSet as it is to be seen in Domo. */
export interface OutputHead {
  readonly name: string;
  /** The same for ever: it is what the DataSet is known by when its making was interrupted. */
  readonly description: string;
  readonly columns: readonly Column[];
}

/** A DataSet in Domo and the stream that writes it. */
export interface OutputPlace {
  readonly streamId: number;
  readonly datasetId: string;
}

/** Whether what is sent takes the place of the rows there, or is added to them. */
export type OutputMethod = 'REPLACE' | 'APPEND';

/**
 * Where an execution is: it takes parts; its rows are in the DataSet; they never will be; Domo still works on it; or stream,
 * DataSet or execution was removed.
 */
export type ExecutionState = 'active' | 'succeeded' | 'ended' | 'unfinished' | 'gone';

/** Writes DataSets, by executions: begun, given their parts, and committed, at which all rows are there at once. */
export interface OutputStreams {
  /** Makes the DataSet with its stream, unless they are there. */
  open(head: OutputHead, signal: AbortSignal): Promise<OutputPlace>;
  /** Begins an execution and gives its id. Columns and name of the DataSet become the head's first. */
  begin(place: OutputPlace, head: OutputHead, method: OutputMethod, signal: AbortSignal): Promise<number>;
  /** `part` counts from 1 without gaps; `csv` has no header. The same part again takes the place of the first. */
  upload(
    place: OutputPlace,
    execution: number,
    part: number,
    csv: string,
    signal: AbortSignal,
  ): Promise<void>;
  commit(place: OutputPlace, execution: number, signal: AbortSignal): Promise<void>;
  abort(place: OutputPlace, execution: number, signal: AbortSignal): Promise<void>;
  state(place: OutputPlace, execution: number, signal: AbortSignal): Promise<ExecutionState>;
}
