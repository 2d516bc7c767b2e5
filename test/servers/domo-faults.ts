import { html, infrastructureProblem, refuse, Refusal } from './domo-answers.ts';

/** What the stand-in is asked to do. */
export type Operation =
  | 'token'
  | 'list'
  | 'describe'
  | 'export'
  | 'query'
  | 'unload'
  | 'publish'
  | 'commit'
  | 'create';

/**
 * `short`: rows are missing, the body ends cleanly. `cut`: the socket is destroyed midway. `change`: a row is added while the
 * rows are sent. `stall`: half of the answer, then silence. `revoke`: no token issued so far is valid any more.
 * `half-row`: the body ends cleanly in the middle of a row.
 */
export type FaultKind =
  | 'short'
  | 'cut'
  | 'half-row'
  | 'change'
  | 'stall'
  | 'revoke'
  | 'maintenance-200'
  | 'maintenance-503'
  | 'infrastructure'
  | 'rate-limit'
  | 'error';

/** Kinds that spoil the body instead of the status line. */
export type BodyFault = 'short' | 'cut' | 'half-row' | 'change' | 'stall';

const bodyFaults: ReadonlySet<string> = new Set<BodyFault>(['short', 'cut', 'half-row', 'change', 'stall']);

const refusals: Partial<Record<FaultKind, () => Refusal>> = {
  'maintenance-200': () => new Refusal(html('Domo Maintenance', 200)),
  'maintenance-503': () => new Refusal(html('Domo Maintenance', 503)),
  infrastructure: infrastructureProblem,
  'rate-limit': () => refuse(429, 'Too Many Requests', 'Rate limit exceeded', { 'retry-after': '7' }),
  error: () => refuse(500, 'Internal Server Error', 'An unexpected error occurred'),
};

/** Faults on demand, each used once, in the order they were asked for. */
export interface Faults {
  /** The next request of this operation goes wrong like this; the one after it is well again unless `times` says more. */
  next(operation: Operation, kind: FaultKind, times?: number): void;
  /** For the stand-in itself: throws a refusal, or tells how the body is to be spoilt. */
  take(operation: Operation): BodyFault | undefined;
}

export function createFaults(revokeAll: () => void): Faults {
  const queue = new Map<Operation, FaultKind[]>();
  return {
    next(operation, kind, times = 1) {
      queue.set(operation, [...(queue.get(operation) ?? []), ...Array.from({ length: times }, () => kind)]);
    },
    take(operation) {
      const kind = queue.get(operation)?.shift();
      if (!kind) return undefined;
      if (kind === 'revoke') revokeAll();
      const refusal = refusals[kind];
      if (refusal) throw refusal();
      return bodyFaults.has(kind) ? (kind as BodyFault) : undefined;
    },
  };
}
