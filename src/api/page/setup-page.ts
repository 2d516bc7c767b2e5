import type { FastifyInstance } from 'fastify';
import type { Contract } from '../../contract/contract.ts';
import { peopleEndpoints } from '../../contract/people.ts';
import { checkerOf } from '../check-call.ts';
import { problemOf } from '../problem.ts';
import type { Handler } from '../serve.ts';
import { html } from './html.ts';
import { plainPage, sendPage } from './page.ts';

type Typed = Readonly<Record<string, string>>;

function form({ token = '', name = '', email = '' }: Typed, refusal: string) {
  const alert = refusal !== '' && html`<p role="alert">${refusal}</p>`;
  return plainPage(
    'Set up Writeback',
    html`<p>You will be the administrator of this server.</p>
      ${alert}
      <form method="post" action="/setup" autocomplete="off">
        <input type="hidden" name="token" value="${token}" />
        <label>Name <input name="name" required maxlength="200" value="${name}" /></label>
        <label
          >E-mail address <input name="email" type="email" required maxlength="254" value="${email}"
        /></label>
        <label
          >Password, 12 characters or more
          <input
            name="password"
            type="password"
            required
            minlength="12"
            maxlength="200"
            autocomplete="new-password"
        /></label>
        <button>Create the administrator</button>
      </form>`,
  );
}

const done = (name: string) =>
  plainPage(
    'Writeback is set up',
    html`<p>${name} is the administrator.</p>
      <p>Sign in from a terminal: <code>writeback sign-in</code></p>
      <p>What the server can do: <a href="/api">the API</a></p>`,
  );

/**
 * The page that the link of the first start leads to: a form without script. It needs no guard against other sites: they
 * do not know the token.
 */
export function serveSetupPage(
  server: FastifyInstance,
  create: Handler<Contract['createAdministrator']>,
): void {
  const check = checkerOf(peopleEndpoints.createAdministrator);
  void server.register(async (pages) => {
    const type = 'application/x-www-form-urlencoded';
    pages.addContentTypeParser(type, { parseAs: 'string' }, async (_: unknown, body: string | Buffer) =>
      Object.fromEntries(new URLSearchParams(String(body))),
    );
    pages.get('/setup', async ({ query }, reply) => {
      const { token } = query as Readonly<Record<string, unknown>>;
      return sendPage(reply, 200, form(typeof token === 'string' ? { token } : {}, ''));
    });
    pages.post('/setup', async (request, reply) => {
      try {
        const call = check({ params: undefined, query: undefined, body: request.body }) as Parameters<
          typeof create
        >[0];
        const signal = AbortSignal.timeout(30_000);
        const { name } = await create(call, { caller: undefined, request, reply, signal });
        return await sendPage(reply, 201, done(name));
      } catch (error) {
        const { status, detail } = problemOf(error);
        // The server's own error handler logs it.
        if (status >= 500) throw error;
        return sendPage(reply, status, form((request.body ?? {}) as Typed, detail));
      }
    });
  });
}
