import type { Agent, Dispatcher } from 'undici';
import { BlockRing } from '../../dataset/block-ring.ts';

/** The head of an answer, and its body as it comes over the wire. Leaving the body early closes the socket. */
export interface DispatchedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: BlockRing;
}

/** Copies an answer into a ring of blocks: handlers take twice as many bytes a second as a stream of small chunks. */
class AnswerHandler implements Dispatcher.DispatchHandler {
  readonly #signal: AbortSignal;
  readonly #answered: (answer: DispatchedAnswer) => void;
  readonly #failed: (error: unknown) => void;
  #controller: Dispatcher.DispatchController | undefined;
  #body: BlockRing | undefined;

  constructor(
    signal: AbortSignal,
    answered: (answer: DispatchedAnswer) => void,
    failed: (error: unknown) => void,
  ) {
    this.#signal = signal;
    this.#answered = answered;
    this.#failed = failed;
    signal.addEventListener('abort', this.#abort, { once: true });
  }

  /** While the socket is being connected there is no controller: then `onRequestStart` aborts. */
  readonly #abort = (): void => {
    const reason = this.#signal.reason as Error;
    this.#controller?.abort(reason);
    this.onResponseError(undefined, reason);
  };

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#signal.aborted) controller.abort(this.#signal.reason as Error);
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: DispatchedAnswer['headers'],
  ): void {
    if (status < 200) return;
    this.#body = new BlockRing({
      resume: () => controller.resume(),
      abandon: () => controller.abort(new Error('Nothing more is wanted of the answer.')),
    });
    this.#answered({ status, headers, body: this.#body });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    if (this.#body?.write(chunk) === false) controller.pause();
  }

  onResponseEnd(): void {
    this.#signal.removeEventListener('abort', this.#abort);
    this.#body?.end();
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.#signal.removeEventListener('abort', this.#abort);
    this.#body?.fail(error);
    this.#failed(error);
  }
}

/** Sends one request and waits for the head of its answer. Throws the HTTP client's own errors, and the signal's reason. */
export function dispatchRequest(
  agent: Agent,
  options: Dispatcher.DispatchOptions,
  signal: AbortSignal,
): Promise<DispatchedAnswer> {
  return new Promise((answered, failed) => {
    agent.dispatch(options, new AnswerHandler(signal, answered, failed));
  });
}
