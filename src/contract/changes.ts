type Values = Readonly<Record<string, unknown>>;

/** One value that differs, by its path, such as `details.filename`. */
export interface Change {
  readonly path: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

const isGroup = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The database does not keep the order of keys. */
function same(one: unknown, other: unknown): boolean {
  if (isGroup(one) && isGroup(other)) return changesBetween(one, other).length === 0;
  if (!Array.isArray(one) || !Array.isArray(other)) return one === other;
  return one.length === other.length && one.every((item, index) => same(item, other[index]));
}

/** Where two definitions differ. Groups are compared value by value, lists as wholes. */
export function changesBetween(before: Values, after: Values, within = ''): Change[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted();
  return keys.flatMap((key): Change[] => {
    const [one, other] = [before[key], after[key]];
    const path = within + key;
    if (isGroup(one) || isGroup(other)) {
      const isWhole = (one === undefined || isGroup(one)) && (other === undefined || isGroup(other));
      if (isWhole) return changesBetween(one ?? {}, other ?? {}, `${path}.`);
    }
    if (same(one, other)) return [];
    return [
      { path, ...(one !== undefined && { before: one }), ...(other !== undefined && { after: other }) },
    ];
  });
}
