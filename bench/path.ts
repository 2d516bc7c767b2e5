import type { Data } from './data.ts';
import type { Arrived } from './far/far.ts';
import type { Timed } from './measure.ts';

/** What a user would run instead of us, or the physical limit. */
export interface Rival {
  readonly name: string;
  /** The commands that must be installed. */
  readonly tools: readonly string[];
  readonly timed: (data: Data) => Timed;
  /** What arrives is not the same bytes as ours: another format, another level of compression. */
  readonly other?: boolean;
  /** Too slow for `--quick`, or telling nothing there. */
  readonly onlyFull?: boolean;
}

/** What a path must reach; checked against the medians of one bench. */
export type Line =
  /** Our speed divided by that of the fastest of these rivals. `quick` is the line with 100,000 rows, where start-up weighs. */
  | {
      readonly kind: 'speed';
      readonly beside: readonly string[];
      readonly atLeast: number;
      readonly quick?: number;
    }
  | { readonly kind: 'rows/s'; readonly atLeast: number }
  | { readonly kind: 'rows/CPU s'; readonly atLeast: number }
  /** Processor time of our process, start-up included, for each 100,000 rows. */
  | { readonly kind: 'CPU s/100 k rows'; readonly atMost: number }
  | { readonly kind: 'peak MB'; readonly atMost: number };

/** One way of a DataSet to a destination: our command, its rivals, and what must be reached. */
export interface Path {
  readonly name: string;
  readonly title: string;
  readonly rows: 'million' | 'ten million';
  readonly ours: (data: Data) => Promise<Timed>;
  readonly rivals: readonly Rival[];
  readonly lines: readonly Line[];
  /** What came to the far end since it was asked before. */
  readonly arrived: () => Promise<Arrived>;
  /** What must have come: the very bytes of the file, the very documents, so many documents (a query writes 1.10 as 1.1), or something. */
  readonly expects: 'file' | 'documents' | 'count' | 'something';
  /** Our peak memory with the other number of rows must be within a tenth. */
  readonly growth?: boolean;
}
