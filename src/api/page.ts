/** A page of a list that is whole in memory: `after` is the id of the last item before it. */
export function pageOfAll<T extends { readonly id: string }>(
  all: readonly T[],
  { after, limit = 50 }: { after?: string; limit?: number },
): { items: T[]; next?: string } {
  const start = after === undefined ? 0 : all.findIndex(({ id }) => id === after) + 1;
  const items = all.slice(start, start + limit);
  return { items, ...(all.length > start + limit && { next: items.at(-1)!.id }) };
}

/** The number that a page begins after; 0 for none, and for what is no number of ours. */
export function numberAfter(after: string | undefined): number {
  return after !== undefined && /^\d{1,9}$/.test(after) ? Number(after) : 0;
}
