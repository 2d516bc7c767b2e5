// Where everything lies in the one memory, whose size is fixed when it is made (src/dataset/kernel/kernel.ts).

/** Answers of a call beside its return value: words of 32 bits that the caller reads. */
export const ANSWER: usize = 16;
/** The CSV bytes. A constant, so that it costs nothing to add: offsets of cells count from here. */
export const BLOCK: usize = 65_536;

/**
 * The highest 128 bits of the powers of five from -MOST_FIVES to MOST_FIVES, the higher half first; written by
 * src/dataset/kernel/powers-of-five.ts.
 */
export const FIVES: usize = 8192;
export const MOST_FIVES: i32 = 64;

/** Columns of the DataSet. */
export let columns: u32 = 0;
/** The index: first byte and end of each cell, its flags; end of each row. */
export let starts: usize = 0;
export let ends: usize = 0;
export let flags: usize = 0;
export let rowEnds: usize = 0;
/** How rows are encoded; written by src/dataset/kernel/row-plan.ts. */
export let plan: usize = 0;
/** Documents are written here, and their ends there. */
export let output: usize = 0;
export let outputEnd: usize = 0;
export let documentEnds: usize = 0;
export let maxDocuments: u32 = 0;

/** Tells where the areas lie that depend on the DataSet. Behind each are 64 bytes that may be read and overwritten. */
export function configure(
  columnCount: u32,
  startsAt: usize,
  endsAt: usize,
  flagsAt: usize,
  rowEndsAt: usize,
  planAt: usize,
  outputAt: usize,
  outputBytes: u32,
  documentEndsAt: usize,
  documents: u32,
): void {
  columns = columnCount;
  starts = startsAt;
  ends = endsAt;
  flags = flagsAt;
  rowEnds = rowEndsAt;
  plan = planAt;
  output = outputAt;
  outputEnd = outputAt + outputBytes;
  documentEnds = documentEndsAt;
  maxDocuments = documents;
}
