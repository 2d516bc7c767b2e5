type Pane = Readonly<Record<string, unknown>>;

/** The Scheduling pane as it is kept and read: times are meant in the writeback's time zone unless the pane says another. */
export function schedulePane(of: { readonly schedule?: Pane; readonly timeZone?: unknown }): Pane {
  const { schedule = {}, timeZone } = of;
  return { ...(timeZone !== undefined && { timeZone }), ...schedule };
}
