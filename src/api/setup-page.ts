import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Contract } from '../contract/contract.ts';
import { peopleEndpoints } from '../contract/people.ts';
import { checkerOf } from './check-call.ts';
import { problemOf } from './problem.ts';
import type { Handler } from './serve.ts';

const style = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 26rem; margin: 4rem auto; padding: 0 1rem }
label { display: block; margin: 1rem 0 } input { font: inherit; display: block; width: 100%; box-sizing: border-box; padding: .4rem }
button { font: inherit; padding: .4rem 1.2rem } [role=alert] { color: #b00020 }`;

/** No script, nothing from elsewhere, and the form goes to this server only. */
const policy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (text: string) => text.replaceAll(/[&<>"']/g, (one) => escapes[one]!);

const page = (title: string, content: string) => `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title}</title><style>${style}</style>
<main><h1>${title}</h1>
${content}
</main></html>
`;

type Typed = Readonly<Record<string, string>>;

function form({ token = '', name = '', email = '' }: Typed, refusal: string): string {
  const alert = refusal && `<p role="alert">${escaped(refusal)}</p>`;
  return page(
    'Set up Writeback',
    `<p>You will be the administrator of this server.</p>${alert}
<form method="post" action="/setup" autocomplete="off">
<input type="hidden" name="token" value="${escaped(token)}">
<label>Name <input name="name" required maxlength="200" value="${escaped(name)}"></label>
<label>E-mail address <input name="email" type="email" required maxlength="254" value="${escaped(email)}"></label>
<label>Password, 12 characters or more <input name="password" type="password" required minlength="12" maxlength="200" autocomplete="new-password"></label>
<button>Create the administrator</button>
</form>`,
  );
}

const done = (name: string) =>
  page(
    'Writeback is set up',
    `<p>${escaped(name)} is the administrator.</p><p>Sign in from a terminal: <code>writeback sign-in</code></p>`,
  );

function send(reply: FastifyReply, status: number, html: string) {
  return reply
    .code(status)
    .header('content-security-policy', policy)
    .type('text/html; charset=utf-8')
    .send(html);
}

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
      return send(reply, 200, form(typeof token === 'string' ? { token } : {}, ''));
    });
    pages.post('/setup', async (request, reply) => {
      try {
        const call = check({ params: undefined, query: undefined, body: request.body }) as Parameters<
          typeof create
        >[0];
        const signal = AbortSignal.timeout(30_000);
        const { name } = await create(call, { caller: undefined, request, reply, signal });
        return await send(reply, 201, done(name));
      } catch (error) {
        const { status, detail } = problemOf(error);
        // The server's own error handler logs it.
        if (status >= 500) throw error;
        return send(reply, status, form((request.body ?? {}) as Typed, detail));
      }
    });
  });
}
