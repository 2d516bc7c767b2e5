import type { FastifyInstance } from 'fastify';
import { renderPage, sendPage } from './page.ts';
import { reference } from './reference.ts';

const style = `
body { display: grid; grid-template: "header" "nav" "main" / minmax(0, 1fr); gap: 0 2rem; max-width: 76rem; margin: 0 auto; padding: 1rem }
header { grid-area: header } nav { grid-area: nav } main { grid-area: main }
h1 { margin: 0 } h2 { margin: 3rem 0 0 } h3 { font-size: 1rem; margin: 0; overflow-wrap: anywhere } h3 a { color: inherit; text-decoration: none }
nav > ul { display: flex; flex-wrap: wrap; gap: .5rem 1rem; list-style: none; margin: 1rem 0; padding: 0 } nav ul ul { display: none }
.call { border: 1px solid var(--line); border-radius: 8px; margin: 1rem 0; padding: 1rem; scroll-margin-top: 1rem } .call:target { border-color: var(--link) } .call > p { margin: .5rem 0 }
.method { font: .8em ui-monospace, monospace; font-weight: 700; border: 1px solid var(--line); border-radius: 4px; background: var(--raised); padding: .1em .4em }
dl { display: grid; grid-template-columns: minmax(0, 1fr); gap: 0 1rem; margin: .5rem 0 0 } dt { color: var(--dim) } dd { margin: 0 0 .75rem; min-width: 0 }
.fields { list-style: none; margin: 0; padding: 0 } .fields .fields { border-left: 2px solid var(--line); margin: .25rem 0; padding-left: .75rem }
.fields span { color: var(--dim) } .fields, .value { overflow-wrap: anywhere } .value { margin: 0 } .fields em { font-size: .85em }
.statuses { display: flex; flex-wrap: wrap; gap: 0 1rem; list-style: none; margin: 0; padding: 0 }
@media (min-width: 50rem) { dl { grid-template-columns: 8rem minmax(0, 1fr) } }
@media (min-width: 64rem) {
body { grid-template: "header header" "nav main" / 19rem minmax(0, 1fr) }
nav { position: sticky; top: 0; align-self: start; max-height: 100vh; overflow-y: auto; font-size: .85rem } nav > ul { display: block }
nav ul ul { display: block; list-style: none; margin: .25rem 0 1rem; padding: 0 } nav ul ul a { color: inherit; text-decoration: none; overflow-wrap: anywhere } nav ul ul a:hover { text-decoration: underline }
}`;

/** Adds `/api`: the reference of the API, made of the contract when the server starts. */
export function serveReferencePage(server: FastifyInstance, version: string): void {
  const page = renderPage({ title: 'The API of Writeback', content: reference(version), style });
  server.get('/api', async (_, reply) => sendPage(reply, 200, page));
}
