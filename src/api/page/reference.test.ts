import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, describe, test } from 'node:test';
import { quiet } from '../../../test/servers/store-places.ts';
import { Type } from 'typebox';
import { contract } from '../../contract/contract.ts';
import type { Endpoint } from '../../contract/endpoint.ts';
import { record } from '../../contract/record.ts';
import { serve } from '../serve.ts';
import { describeSchema } from './describe-schema.ts';
import { html } from './html.ts';
import { serveReferencePage } from './reference-page.ts';

const server = serve({ contract: {}, handlers: {}, identify: async () => undefined, log: quiet });
serveReferencePage(server, '1.2.3');
after(() => server.close());

const endpoints = Object.entries(contract as Record<string, Endpoint>);
const { body, headers } = await server.inject('/api');

/** What the page says about a call, as text. */
function saidOf(name: string): string {
  const [, section = ''] = body.split(`<section class="call" id="${name}">`);
  return section
    .split('</section>')[0]!
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll(/\s+/g, ' ');
}

describe('the reference page', () => {
  test('has every call with its method, path, summary, permission, parameters, body, answer and refusals', () => {
    for (const [name, endpoint] of endpoints) {
      const said = saidOf(name);
      const { method, path, permission, params, query, body: sent, upload, status = 200 } = endpoint;
      assert.ok(said.includes(` ${method} /api${path} `), name);
      assert.ok(said.includes(` Permission ${permission}`), name);
      assert.ok(said.includes(` Answer ${status}`), name);
      for (const part of [params, query, sent] as ({ properties?: object } | undefined)[])
        for (const field of Object.keys(part?.properties ?? {})) assert.ok(said.includes(` ${field} `), name);
      for (const type of upload ?? []) assert.ok(said.includes(type), name);
      assert.equal(said.includes('401 Not signed in'), permission !== 'anyone', name);
    }
    assert.match(saidOf('createWriteback'), /Idempotency-Key/);
    assert.match(saidOf('createPerson'), /administer : admin .* 422 The values cannot be used/);
  });

  test('refers to the OpenAPI document, and each of its own links to a place of it', () => {
    assert.match(body, /href="\/api\/openapi\.json"/);
    assert.match(body, /Version 1\.2\.3/);
    const places = [...body.matchAll(/href="#([^"]+)"/g)].map(([, place]) => place!);
    assert.ok(places.length > endpoints.length);
    for (const place of places) assert.ok(body.includes(` id="${place}"`), place);
    const ids = [...body.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    assert.equal(new Set(ids).size, ids.length);
  });

  test('has no script and nothing from elsewhere, and its policy says so', () => {
    const policy = String(headers['content-security-policy']);
    assert.match(policy, /^default-src 'none'; /);
    assert.doesNotMatch(policy, /unsafe|script-src|img-src|\*/);
    const [, style = ''] = /<style>([\s\S]*?)<\/style>/.exec(body) ?? [];
    assert.ok(policy.includes(createHash('sha256').update(style).digest('base64')));
    assert.doesNotMatch(body, /<script|\son\w+=|style="|https?:\/\/|url\(|@import/);
  });
});

test('what is put into a page is text, unless it was made as a piece of one', () => {
  const hostile = `<b onclick="x('&')">`;
  const piece = html`<p title="${hostile}">${hostile}</p>`;
  assert.equal(
    html`${[piece, html`<i></i>`]}${false}${undefined}${7}`.html,
    '<p title="&lt;b onclick=&quot;x(&#39;&amp;&#39;)&quot;&gt;">&lt;b onclick=&quot;x(&#39;&amp;&#39;)&quot;&gt;</p><i></i>7',
  );
});

test('a schema is told in words, and what lies inside it beneath', () => {
  const schema = record({
    tags: Type.Optional(Type.Array(Type.String({ maxLength: 50 }), { minItems: 1 })),
    limit: Type.Integer({ minimum: 1, maximum: 9, default: 5 }),
    parts: Type.Array(record({ at: Type.String({ format: 'date-time' }) })),
    either: Type.Union([Type.String({ minLength: 2 }), Type.Null()]),
  });
  const said = describeSchema(schema)
    .html.replaceAll(/<\/?(code|span|em)>/g, '')
    .replaceAll(/\s+/g, ' ');
  for (const words of [
    'tags optional array, at least 1 items, of string, at most 50 characters',
    'limit integer, 1 to 9, 5 unless told',
    'parts array, of object<ul class="fields"> <li>at date-time',
    'either string, at least 2 characters or null',
  ])
    assert.ok(said.includes(words), `${words}\n${said}`);
});
