import type { TObject } from 'typebox';
import { contract } from '../../contract/contract.ts';
import type { Endpoint } from '../../contract/endpoint.ts';
import { contentTypes } from '../../contract/openapi.ts';
import { type Permission, may, roles } from '../../contract/permission.ts';
import { problem } from '../../contract/record.ts';
import { problemTitles } from '../problem.ts';
import { describeSchema } from './describe-schema.ts';
import { type Html, html } from './html.ts';

type Call = readonly [name: string, endpoint: Endpoint];

/** Words that are not written as in a path. */
const written: Readonly<Record<string, string>> = { api: 'API', datasets: 'DataSets' };

function titleOf(word: string): string {
  const words = word.split('-').map((one) => written[one] ?? one);
  return words.join(' ').replace(/^[a-z]/, (letter) => letter.toUpperCase());
}

/** Calls by the first word of their path, in the contract's order. */
function groups(): readonly (readonly [title: string, calls: readonly Call[]])[] {
  const calls = Object.entries(contract as Record<string, Endpoint>);
  const byWord = Object.groupBy(calls, ([, { path }]) => path.split('/')[1]!);
  return Object.entries(byWord).map(([word, inside]) => [titleOf(word), inside ?? []]);
}

/** The statuses of refusals that a call's own shape makes possible (docs/api.md tells what each means). */
function refusalsOf({ permission, params, query, body, upload, method, idempotent }: Endpoint): number[] {
  const changes = method !== 'GET';
  return [
    ...((params ?? query ?? body) ? [400] : []),
    ...(permission === 'anyone' ? [] : [401, 403]),
    ...(params ? [404] : []),
    ...(changes && (params ?? idempotent) ? [409] : []),
    ...((body ?? upload) ? [413, 415, 422] : []),
    429,
    503,
  ];
}

function whoMay(permission: Permission): Html {
  if (permission === 'anyone') return html`<code>anyone</code>, without signing in`;
  if (permission === 'signedIn') return html`<code>signedIn</code>: everybody who is signed in`;
  const granted = roles.filter((role) => may(role, permission)).join(', ');
  return html`<code>${permission}</code>: ${granted}`;
}

const fields = (schema: TObject | undefined) => schema && describeSchema(schema);

function bodyOf({ body, upload }: Endpoint): Html | undefined {
  if (upload) return html`<p class="value">A file: ${upload.join(', ')}</p>`;
  return (
    body &&
    html`<p class="value">application/json</p>
      ${describeSchema(body)}`
  );
}

function answerOf({ status = 200, format = 'json', answer }: Endpoint): Html {
  if (status === 204) return html`<p class="value">204, without a body</p>`;
  if (format === 'redirect')
    return html`<p class="value">${status}, with the address in <code>Location</code></p>`;
  const type = html`<p class="value">${status}, ${contentTypes[format]}</p>`;
  return format === 'csv' ? type : html`${type}${describeSchema(answer)}`;
}

/** All that is to be told about a call, by its title; what is not there has none. */
function partsOf(endpoint: Endpoint): readonly (readonly [title: string, content: Html | undefined])[] {
  const { permission, params, query, idempotent } = endpoint;
  const refusals = refusalsOf(endpoint).map((status) => html`<li>${status} ${problemTitles[status]}</li>`);
  const once = html`<p class="value"><code>Idempotency-Key</code> string, at most 200 characters</p>`;
  return [
    ['Permission', whoMay(permission)],
    ['In the path', fields(params)],
    ['In the query', fields(query)],
    ['Header', idempotent ? once : undefined],
    ['Body', bodyOf(endpoint)],
    ['Answer', answerOf(endpoint)],
    [
      'Refused with',
      html`<ul class="statuses">
        ${refusals}
      </ul>`,
    ],
  ];
}

function callSection([name, endpoint]: Call): Html {
  const { method, path, summary } = endpoint;
  const parts = partsOf(endpoint).flatMap(([title, content]) =>
    content
      ? [
          html`<dt>${title}</dt>
            <dd>${content}</dd>`,
        ]
      : [],
  );
  return html`<section class="call" id="${name}">
    <h3>
      <a href="#${name}"><span class="method">${method}</span> <code>/api${path}</code></a>
    </h3>
    <p>${summary}</p>
    <dl>${parts}</dl>
  </section>`;
}

const idOf = (title: string) => `group-${title.toLowerCase().replaceAll(' ', '-')}`;

function navigation(): Html {
  const list = groups().map(
    ([title, calls]) =>
      html`<li>
        <a href="#${idOf(title)}">${title}</a>
        <ul>
          ${calls.map(
            ([name, { method, path }]) =>
              html`<li>
                <a href="#${name}"><span class="method">${method}</span> ${path}</a>
              </li> `,
          )}
        </ul>
      </li> `,
  );
  return html`<nav aria-label="Calls">
    <ul>
      ${list}
    </ul>
  </nav>`;
}

/** Every call of the API, as the contract has it. */
export function reference(version: string): Html {
  const sections = groups().map(
    ([title, calls]) =>
      html`<h2 id="${idOf(title)}">${title}</h2>
        ${calls.map(callSection)}`,
  );
  return html`<header>
      <h1>The API of Writeback</h1>
      <p>Version ${version}. For programs: <a href="/api/openapi.json">OpenAPI 3.1</a>.</p>
    </header>
    ${navigation()}
    <main>
      <p>
        A program sends an API key, <code>Authorization: Bearer wb_…</code>; a person in a browser has a
        session (<a href="/api/sign-in/openid">sign in through OpenID Connect</a>, where the operator has set
        that up). Unknown keys and unknown query parameters are refused. Every refusal is a problem (RFC
        9457), <code>application/problem+json</code>:
      </p>
      ${describeSchema(problem)} ${sections}
    </main>`;
}
