/** Something that goes wrong on demand. */
export interface S3Fault {
  /** The operation it happens to: PutObject, UploadPart, CompleteMultipartUpload… */
  readonly operation: string;
  /** How many requests it happens to; for ever when absent. */
  readonly times?: number;
  /** Requests of this operation that pass before. */
  readonly after?: number;
  /**
   * `refuse`: answers with status and code. `cut`: closes the socket when the body has come so far.
   * `stall`: never answers. `lose`: does the work, then closes the socket. `refuseIn200`: an error inside a 200 answer.
   */
  readonly kind: 'refuse' | 'cut' | 'stall' | 'lose' | 'refuseIn200';
  readonly status?: number;
  readonly code?: string;
}

/** Decides for each request which fault it meets. */
export function createFaults() {
  let faults: { fault: S3Fault; seen: number }[] = [];
  return {
    add: (fault: S3Fault) => void faults.push({ fault, seen: 0 }),
    clear: () => void (faults = []),
    next(operation: string): S3Fault | undefined {
      for (const entry of faults) {
        if (entry.fault.operation !== operation) continue;
        const index = entry.seen;
        entry.seen += 1;
        const { after = 0, times = Infinity } = entry.fault;
        if (index >= after && index < after + times) return entry.fault;
      }
      return undefined;
    },
  };
}
