import type { Range } from './source.ts';

/**
 * As many ranges as asked for between these borders (ascending, each once). Where there are fewer borders than that, the
 * last ranges are empty: a part more or less would leave the files of an earlier run standing.
 */
export function rangesOf(key: string, borders: readonly string[], count: number): Range[] {
  return Array.from({ length: count }, (_, index) => {
    if (index > borders.length) return { key, isEmpty: true };
    const [from, to] = [borders[index - 1], borders[index]];
    return { key, ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
  });
}
