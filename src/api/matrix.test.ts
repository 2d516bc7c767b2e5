import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { apiParts } from '../../test/servers/api-parts.ts';
import { openBothStores, quiet } from '../../test/servers/store-places.ts';
import { newPerson } from '../../test/servers/store-rows.ts';
import { type CallName, contract } from '../contract/contract.ts';
import { sessionCookie } from '../contract/sign-in.ts';
import type { Endpoint } from '../contract/endpoint.ts';
import { may, permissions, roles } from '../contract/permission.ts';
import { insertApiKey } from '../store/api-key.ts';
import { newId } from '../store/new-id.ts';
import { updatePerson } from '../store/person.ts';
import { insertSession } from '../store/session.ts';
import { apiHandlers } from './handlers.ts';
import { identify } from './identify.ts';
import { serve } from './serve.ts';
import { hashToken, newToken } from './token.ts';

const endpoints = Object.entries(contract as Record<string, Endpoint>) as [CallName, Endpoint][];
const soon = new Date(Date.now() + 3_600_000);

for (const { name, store } of await openBothStores()) {
  const db = store.kysely;
  const parts = await apiParts(store);

  describe(`who may call what on the ${name}`, async () => {
    after(() => parts.engine.stop(1000));
    const server = serve({
      contract,
      handlers: apiHandlers(parts),
      identify: (request) => identify(db, request),
      log: quiet,
    });
    after(() => server.close());
    const people = await Promise.all(
      roles.map(async (role) => (await updatePerson(db, (await newPerson(db)).id, { role }))!),
    );

    /** A session, or a key, of its own for each call: some calls end it. */
    async function session(personId: string, expiresAt = soon) {
      const token = newToken();
      const row = { id: newId('session'), personId, tokenHash: hashToken(token), address: null };
      await insertSession(db, { ...row, userAgent: null, expiresAt });
      return { cookie: `${sessionCookie}=${token}` };
    }

    async function key(personId: string, scopes: string[], expiresAt = soon) {
      const token = `wb_${newToken()}`;
      const row = { id: newId('key'), personId, name: 'k', tokenHash: hashToken(token), hint: '', scopes };
      await insertApiKey(db, { ...row, expiresAt, usedAt: null, revokedAt: null });
      return { authorization: `Bearer ${token}` };
    }

    /** Asks for a thing that is not there, so that only the permission decides; gives whether that let the call through. */
    async function passes({ method, path, upload, body }: Endpoint, sign: Record<string, string>) {
      const type = upload ? { 'content-type': upload[0]! } : {};
      const payload = upload ? { payload: 'a\n1\n' } : body && { payload: {} };
      const url = `/api${path.replaceAll(/\{\w+\}/g, 'x')}${upload ? '?name=x' : ''}`;
      const answer = await server.inject({ method, url, headers: { ...sign, ...type }, ...payload });
      const { code } = answer.body === '' ? { code: '' } : answer.json<{ code?: string }>();
      assert.ok(answer.statusCode < 500, `${method} ${url}: ${answer.body}`);
      return {
        refusal: code === 'api-not-signed-in' || code === 'api-not-allowed' ? answer.statusCode : undefined,
      };
    }

    for (const person of people)
      test(`${person.role}: every call is allowed or refused as the contract says`, async () => {
        for (const [call, endpoint] of endpoints) {
          const { refusal } = await passes(endpoint, await session(person.id));
          assert.equal(refusal, may(person.role, endpoint.permission) ? undefined : 403, call);
        }
      });

    test('nobody, an ended session, an ended key and a disabled person may what anyone may', async () => {
      const [, , gone] = people;
      const disabled = (await updatePerson(db, (await newPerson(db)).id, { disabledAt: new Date() }))!;
      const past = new Date(Date.now() - 1000);
      for (const sign of [
        {},
        { cookie: `${sessionCookie}=${newToken()}` },
        { authorization: `Bearer wb_${newToken()}` },
        await session(gone!.id, past),
        await key(gone!.id, [...permissions], past),
        await session(disabled.id),
        await key(disabled.id, [...permissions]),
      ])
        for (const [call, endpoint] of endpoints) {
          const { refusal } = await passes(endpoint, sign);
          assert.equal(refusal, endpoint.permission === 'anyone' ? undefined : 401, call);
        }
    });

    for (const permission of permissions)
      test(`a key for "${permission}" alone reaches nothing else, whoever made it`, async () => {
        const reached = ['anyone', permission];
        for (const [call, endpoint] of endpoints) {
          const { refusal } = await passes(endpoint, await key(people.at(-1)!.id, [permission]));
          assert.equal(refusal, reached.includes(endpoint.permission) ? undefined : 403, call);
        }
      });
  });
}
