import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startDomo, type DomoStandIn } from './domo-stand-in.ts';

let stand: DomoStandIn;
let token: string;
const columns = [
  { name: 'id', type: 'LONG' },
  { name: 'name', type: 'STRING' },
  { name: 'made', type: 'DATETIME' },
] as const;
const rows = [
  ['9007199254740993', 'a "quoted", name', '2024-02-29T23:59:59'],
  ['2', '', null],
  ['3', null, '2024-03-01 00:00:00'],
];
const basic = (id: string, secret: string) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;

async function get(path: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(stand.baseUrl + path, { headers: { authorization: `bearer ${token}`, ...headers } });
}

async function signIn(secret = stand.account.clientSecret): Promise<Response> {
  const authorization = basic(stand.account.clientId, secret);
  return fetch(`${stand.baseUrl}/oauth/token?grant_type=client_credentials`, { headers: { authorization } });
}

before(async () => {
  stand = await startDomo();
  token = ((await (await signIn()).json()) as { access_token: string }).access_token;
});
after(() => stand.stop());

test('a token has the shape of a JWT and tells who it speaks for; a wrong secret gets 401', async () => {
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<
    string,
    unknown
  >;
  assert.equal(claims['userId'], stand.user.id);
  assert.ok((claims['exp'] as number) * 1000 > Date.now());
  const refused = await signIn('wrong');
  assert.equal(refused.status, 401);
  assert.equal(((await refused.json()) as { statusReason: string }).statusReason, 'Unauthorized');
});

test('a forged token gets 401 with a challenge, and 406 with HTML where CSV was asked', async () => {
  const forged = { authorization: `bearer ${token.slice(0, -4)}AAAA` };
  const refused = await get('/v1/datasets', forged);
  assert.equal(refused.status, 401);
  assert.match(refused.headers.get('www-authenticate') ?? '', /^Bearer error="invalid_token"/);
  const unspeakable = await get('/v1/datasets/x/data', { ...forged, accept: 'text/csv' });
  assert.equal(unspeakable.status, 406);
  assert.match(await unspeakable.text(), /<html>/);
});

test('an export holds the rows with nulls apart from empty texts, with and without header', async () => {
  const { id } = await stand.addDataset({ name: 'Export', columns, rows });
  const body = '9007199254740993,"a ""quoted"", name",2024-02-29T23:59:59\n2,"",\n3,,2024-03-01 00:00:00\n';
  const accept = { accept: 'text/csv' };
  assert.equal(
    await (await get(`/v1/datasets/${id}/data?includeHeader=True`, accept)).text(),
    `id,name,made\n${body}`,
  );
  assert.equal(await (await get(`/v1/datasets/${id}/data`, accept)).text(), body);
});

test('SQL answers with rows whose numbers have all their digits', async () => {
  const { id } = await stand.addDataset({ name: 'Query', columns, rows });
  const headers = { authorization: `bearer ${token}` };
  const execute = `${stand.baseUrl}/v1/datasets/query/execute/${id}`;
  const body = JSON.stringify({ sql: 'select id, name, made from table order by id' });
  const text = await (await fetch(execute, { method: 'POST', headers, body })).text();
  assert.match(
    text,
    /"rows":\[\[2,"",null\],\[3,null,"2024-03-01T00:00:00"\],\[9007199254740993,"a \\"quoted\\", name",/,
  );
  const wrong = await fetch(execute, {
    method: 'POST',
    headers,
    body: JSON.stringify({ sql: 'select nothing from tbl' }),
  });
  assert.equal(wrong.status, 400);
});

test('pages end with an empty one, and a limit of nothing is not refused', async () => {
  const page = (query: string) =>
    get(`/v1/datasets?${query}`).then((answer) => answer.json()) as Promise<unknown[]>;
  assert.ok((await page('limit=50&offset=0')).length > 0);
  assert.deepEqual(await page('limit=50&offset=1000'), []);
  assert.deepEqual(await page('limit=0&offset=3'), []);
});
