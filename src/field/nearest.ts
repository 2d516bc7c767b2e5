/** Edit distance (Levenshtein), one row at a time. */
function distance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (above[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min((above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, replaced));
    }
    above = row;
  }
  return above[b.length] ?? 0;
}

/** The name that a misspelt one most likely meant; undefined when none is within a third of its letters. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  // Nobody misspells at length; and what is compared may be anything that stands in a file.
  const wanted = name.slice(0, 100).toLowerCase();
  const ranked = known
    .map((candidate) => ({ candidate, steps: distance(wanted, candidate.toLowerCase()) }))
    .toSorted((a, b) => a.steps - b.steps);
  const [best] = ranked;
  return best && best.steps <= Math.max(2, wanted.length / 3) ? best.candidate : undefined;
}
