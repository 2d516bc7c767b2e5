import { createHash } from 'node:crypto';
import type { FastifyReply } from 'fastify';
import { type Html, html } from './html.ts';

/** A page of the server's own: without script, and with nothing from elsewhere. */
export interface Page {
  readonly title: string;
  readonly content: Html;
  /** Beside what all pages share. */
  readonly style?: string;
}

/** Colours follow the system's; both sets have a contrast of 4.5 and more (WCAG 2.2, 1.4.3). */
const shared = `
:root { color-scheme: light dark; --text: #1c2128; --dim: #59636e; --line: #d5dae0; --ground: #fff; --raised: #f4f6f8; --link: #0a58b8; --alert: #b00020 }
@media (prefers-color-scheme: dark) { :root { --text: #e6e9ed; --dim: #9aa4af; --line: #353c45; --ground: #14171b; --raised: #1d2127; --link: #7db4ff; --alert: #ff8a9a } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--text); background: var(--ground); margin: 0 }
a { color: var(--link) }
code { font: .9em ui-monospace, monospace }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px }`;

/** The form goes to this server only, and nobody frames it. */
const policyFor = (style: string) =>
  [
    "default-src 'none'",
    `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; ');

/** A page as it is sent, with the policy that lets it be what it is and no more. It may be made once and sent often. */
export function renderPage({ title, content, style = '' }: Page): { policy: string; body: string } {
  const styles = shared + style;
  const { html: named } = html`<title>${title}</title>`;
  const body = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
${named}<style>${styles}</style>
${content.html}
</html>
`;
  return { policy: policyFor(styles), body };
}

/** Answers with a page. */
export function sendPage(
  reply: FastifyReply,
  status: number,
  { policy, body }: ReturnType<typeof renderPage>,
): FastifyReply {
  const answer = reply.code(status).header('content-security-policy', policy);
  return answer.type('text/html; charset=utf-8').send(body);
}

const narrow = `
main { max-width: 26rem; margin: 4rem auto; padding: 0 1rem }
label { display: block; margin: 1rem 0 }
input { font: inherit; color: inherit; background: var(--raised); border: 1px solid var(--dim); border-radius: 4px; display: block; width: 100%; box-sizing: border-box; padding: .4rem }
button { font: inherit; padding: .4rem 1.2rem }
[role=alert] { color: var(--alert) }`;

/** A page that says one thing, or asks for one. */
export function plainPage(title: string, content: Html): ReturnType<typeof renderPage> {
  return renderPage({
    title,
    style: narrow,
    content: html`<main>
      <h1>${title}</h1>
      ${content}
    </main>`,
  });
}
