/** Only the fields that have a value: the database says null, the API leaves them out. */
export function present<T extends object>(
  fields: T,
): { [Key in keyof T]?: Exclude<T[Key], null | undefined> } {
  const given = Object.entries(fields).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(given) as { [Key in keyof T]?: Exclude<T[Key], null | undefined> };
}
