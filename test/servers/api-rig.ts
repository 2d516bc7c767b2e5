import { after } from 'node:test';
import type { Caller } from '../../src/api/caller.ts';
import type { Once } from '../../src/api/once.ts';
import { type Handlers, serve } from '../../src/api/serve.ts';
import type { Endpoint, Method } from '../../src/contract/endpoint.ts';
import type { Role } from '../../src/contract/permission.ts';
import { quiet } from './store-places.ts';

/** What a call of the rig is answered. */
export interface RigAnswer {
  readonly status: number;
  // A test says what it expects; the server's own tests hold answers to their schemas.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
}

/**
 * Serves a contract in this process for calls by people who are signed in already: `as` is whoever calls. The server is closed
 * when the test file ends.
 */
export function apiRig<Contract extends Readonly<Record<string, Endpoint>>>(
  contract: Contract,
  handlers: Handlers<Contract>,
  once?: Once,
) {
  const callers = new Map<string, Caller>();
  const server = serve({
    contract,
    handlers,
    identify: async ({ headers }) => callers.get(String(headers['x-person'])),
    log: quiet,
    once,
  });
  after(() => server.close());
  return async (
    as: { readonly id: string; readonly role: Role },
    method: Method,
    url: string,
    body?: object | string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<RigAnswer> => {
    callers.set(as.id, { personId: as.id, role: as.role });
    const answer = await server.inject({
      method,
      url: `/api${url}`,
      headers: { 'x-person': as.id, ...headers },
      ...(body !== undefined && { payload: body }),
    });
    const isJson = /json/.test(String(answer.headers['content-type']));
    return { status: answer.statusCode, body: isJson ? answer.json() : answer.body || null };
  };
}
