import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assert as holds, dictionary, property, string } from 'fast-check';
import { UserError } from '../errors.ts';
import { type KeyRing, newMasterKey, requireKeys } from './key-ring.ts';
import type { Sealed } from '../store/sealed-secrets.ts';
import { openSecrets, rotateSecrets, sealSecrets } from './seal.ts';

const ring: KeyRing = [newMasterKey()];
const account = 'account_1';

/** Refused with a sentence, and without the secret in it. */
function refuses(open: () => unknown, code: string, field?: string): void {
  assert.throws(open, (error: UserError) => {
    assert.ok(error instanceof UserError);
    assert.deepEqual([error.code, error.field], [code, field]);
    assert.ok(error.remedy);
    return true;
  });
}

describe('seal', () => {
  test('any secret opens as it was sealed', () => {
    const secrets = dictionary(string({ unit: 'binary' }), string({ unit: 'binary' }), {
      noNullPrototype: true,
    });
    holds(
      property(secrets, string(), (given, id) => {
        assert.deepEqual({ ...openSecrets(ring, id, sealSecrets(ring, id, given)) }, { ...given });
      }),
    );
  });

  test('the same secret sealed twice looks different, and shows nothing of itself', () => {
    const [one, two] = [1, 2].map(
      () => sealSecrets(ring, account, { password: 'correct horse' })['password']!,
    );
    assert.notEqual(one!.text, two!.text);
    assert.notEqual(one!.wrapped, two!.wrapped);
    const all = Buffer.concat([Buffer.from(one!.text, 'base64'), Buffer.from(one!.wrapped, 'base64')]);
    assert.ok(!all.includes('correct') && !all.includes(ring[0].bytes));
  });

  test('every single bit that is changed is noticed', () => {
    const { password } = sealSecrets(ring, account, { password: 'secret' });
    for (const part of ['text', 'wrapped'] as const) {
      const bytes = Buffer.from(password![part], 'base64');
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const changed = Buffer.from(bytes);
        changed[bit >> 3]! ^= 1 << (bit & 7);
        const broken = { ...password!, [part]: changed.toString('base64') };
        refuses(() => openSecrets(ring, account, { password: broken }), 'seal-broken', 'password');
      }
    }
  });

  test('a cut or an empty seal is refused, and so is a shortened tag', () => {
    const { password } = sealSecrets(ring, account, { password: 'secret' });
    const bytes = Buffer.from(password!.text, 'base64');
    for (let length = 0; length < bytes.length; length++) {
      const broken = { ...password!, text: bytes.subarray(0, length).toString('base64') };
      refuses(() => openSecrets(ring, account, { password: broken }), 'seal-broken', 'password');
    }
  });

  test('a secret does not open in another account or another field', () => {
    const mine = sealSecrets(ring, account, { password: 'mine', token: 'other' });
    refuses(() => openSecrets(ring, 'account_2', mine), 'seal-broken', 'password');
    const swapped = { password: mine['token']!, token: mine['password']! };
    refuses(() => openSecrets(ring, account, swapped), 'seal-broken', 'password');
    const mixed: Sealed = { ...mine['password']!, text: mine['token']!.text };
    refuses(() => openSecrets(ring, account, { password: mixed }), 'seal-broken', 'password');
  });

  test('places that read the same when joined are not the same', () => {
    const sealed = sealSecrets(ring, 'a"b', { c: 'x' });
    refuses(() => openSecrets(ring, 'a', { 'b"c': sealed['c']! }), 'seal-broken', 'b"c');
  });

  test('without its master key nothing opens, and the key is named', () => {
    const sealed = sealSecrets(ring, account, { password: 'secret' });
    const other: KeyRing = [newMasterKey()];
    refuses(() => openSecrets(other, account, sealed), 'seal-key-missing');
    refuses(() => rotateSecrets(other, account, sealed), 'seal-key-missing');
    refuses(() => requireKeys(other, [ring[0].id]), 'seal-key-missing');
    assert.throws(() => requireKeys(other, [ring[0].id]), { message: new RegExp(ring[0].id) });
    requireKeys([...other, ...ring] as unknown as KeyRing, [ring[0].id, other[0].id]);
  });

  test('a wrong key that claims the id of the right one opens nothing', () => {
    const sealed = sealSecrets(ring, account, { password: 'secret' });
    const liar: KeyRing = [{ id: ring[0].id, bytes: newMasterKey().bytes }];
    refuses(() => openSecrets(liar, account, sealed), 'seal-broken', 'password');
  });

  test('after a rotation the new key alone opens everything, and the secret was not touched', () => {
    const sealed = sealSecrets(ring, account, { password: 'secret', token: 'other' });
    const next = newMasterKey();
    const rotated = rotateSecrets([next, ...ring], account, sealed);
    assert.deepEqual(openSecrets([next], account, rotated), { password: 'secret', token: 'other' });
    assert.equal(rotated['password']!.text, sealed['password']!.text);
    assert.deepEqual(
      rotateSecrets([next, ...ring], account, rotated),
      rotated,
      'a second time changes nothing',
    );
    refuses(() => openSecrets(ring, account, rotated), 'seal-key-missing');
  });
});
