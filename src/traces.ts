/** What is told of a span: ids, names and numbers of ours; never a secret, a cell, or what somebody typed. */
export type SpanFacts = Readonly<Record<string, string | number | boolean | undefined>>;

/** Something that takes a while, as OpenTelemetry knows it. */
export interface Span {
  /** For what goes on elsewhere (W3C Trace Context). */
  readonly traceparent: string;
  /** A piece of it that is over, from one time to another; milliseconds since 1970. */
  piece(name: string, from: number, to: number): void;
  /** Ends it. `error`: the code of what went wrong. */
  end(facts?: SpanFacts, error?: string): void;
}

/** What a span is of. */
export interface SpanStart {
  readonly name: string;
  /** `server` answers a call, `consumer` works on what was queued. */
  readonly kind: 'server' | 'consumer';
  /** The `traceparent` of what it belongs to; what is none is passed over. */
  readonly parent?: string | null | undefined;
  readonly facts?: SpanFacts;
}

/** Where spans are told; there is none where the operator has named no place, and then nothing is measured for it. */
export interface Traces {
  begin(start: SpanStart): Span;
}
