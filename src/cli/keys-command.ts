import { type KeyRing, type MasterKey, newMasterKey, writeKeyFile } from '../account/key-ring.ts';
import { keyFile, openKeyRing } from '../account/open-key-ring.ts';
import { givenMasterKeys, storePlace } from '../config.ts';
import { UserError } from '../errors.ts';
import { masterKeysInUse } from '../store/master-keys-in-use.ts';
import { registeredKey } from '../store/installation.ts';
import { type Store, openStore } from '../store/open.ts';
import { type Action, actionsCommand, atServer } from './actions.ts';
import type { CliContext } from './command.ts';
import { serverOption } from './server.ts';
import { table } from './table.ts';
import { createTell, tellList } from './tell.ts';

/** Lends the database that the keys belong to, and the ring that opens it. */
async function withKeyRing<T>(
  { log, signal }: CliContext,
  work: (ring: KeyRing, db: Store['kysely'], file: string) => Promise<T>,
): Promise<T> {
  const place = storePlace();
  const store = await openStore(place, log, signal);
  try {
    const ring = await openKeyRing(store.kysely, givenMasterKeys(), place.dataFolder);
    return await work(ring, store.kysely, keyFile(place.dataFolder));
  } finally {
    await store.close();
  }
}

/** Throws UserError `keys-given` where the keys are not ours to write. */
function requireKeyFile(): void {
  if (givenMasterKeys() === undefined) return;
  throw new UserError('keys-given', 'The master keys of this machine are given in WRITEBACK_MASTER_KEYS.', {
    remedy:
      'Change them there; "openssl rand -base64 32" makes a new one. The first of them seals what is new.',
  });
}

async function neededKeys(db: Store['kysely']): Promise<string[]> {
  const registered = await registeredKey(db);
  return [...(await masterKeysInUse(db)), ...(registered === undefined ? [] : [registered])];
}

const list: Action = {
  usage: '',
  summary: 'The ids of this machine’s master keys, the current one first; the keys are never shown.',
  async run({ typed, context }) {
    const keys = await withKeyRing(context, async (ring, db) => {
      const needed = await neededKeys(db);
      return ring.map(({ id }, index) => ({ id, current: index === 0, needed: needed.includes(id) }));
    });
    tellList(typed, context, 'key', keys, (all) =>
      table(
        ['key', 'seals what is new', 'needed'],
        all.map(({ id, current, needed }) => [id, current ? 'yes' : '', needed ? 'yes' : '']),
      ),
    );
  },
};

const make: Action = {
  usage: '',
  summary: 'Put a new key first into the key file. It takes effect when the service is started again.',
  async run({ typed, context }) {
    requireKeyFile();
    const { id } = await withKeyRing(context, async (ring, _, file) => {
      const key = newMasterKey();
      await writeKeyFile(file, [key, ...ring]);
      return key;
    });
    createTell(typed, context)('key', { id }, () => [
      `${id} is the new key. Start the service again, then: writeback keys rotate`,
    ]);
  },
};

/** Throws UserError `keys-needed` while another key than the first is needed. */
function requireUnneeded(first: MasterKey, needed: readonly string[]): void {
  const other = needed.find((id) => id !== first.id);
  if (other === undefined) return;
  throw new UserError(
    'keys-needed',
    `The master key ${other} is still needed: not everything is sealed with ${first.id}.`,
    {
      remedy: 'Start the service again, so that it knows the new key; then: writeback keys rotate',
    },
  );
}

const drop: Action = {
  usage: '',
  summary: 'Take all keys but the first out of the key file, once nothing is sealed with them any more.',
  async run({ context }) {
    requireKeyFile();
    await withKeyRing(context, async ([first], db, file) => {
      requireUnneeded(first, await neededKeys(db));
      await writeKeyFile(file, [first]);
    });
  },
};

const server = atServer({
  rotate: {
    usage: '',
    summary: 'Seal every secret with the first key of the server’s key ring, while it works.',
    async run({ client, typed, context }) {
      const { resealed } = await client.rotateKeys({});
      createTell(typed, context)('rotated', { resealed }, () => [
        `${resealed} accounts and alert channels were sealed anew.`,
      ]);
    },
  },
});

/** `writeback keys`. */
export const keysCommand = actionsCommand(
  { name: 'keys', summary: 'The master keys that secrets are sealed with: list, new, rotate, drop.' },
  { list, new: make, ...server, drop },
  serverOption,
);
