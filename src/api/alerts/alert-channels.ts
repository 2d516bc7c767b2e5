import { type Credentials, changedCredentials, newCredentials } from '../../account/credentials.ts';
import type { KeyRing } from '../../account/key-ring.ts';
import { openSecrets, sealSecrets } from '../../account/seal.ts';
import type { Contract } from '../../contract/contract.ts';
import { UserError } from '../../errors.ts';
import { channelKinds, openChannel } from '../../run/alert/channel-kinds.ts';
import type { ChannelParts } from '../../run/alert/saved-channels.ts';
import { inPane } from '../../run/writeback.ts';
import {
  type SavedChannel,
  deleteAlertChannel,
  insertAlertChannel,
  listAlertChannels,
  updateAlertChannel,
  writebacksTelling,
} from '../../store/alert-channel.ts';
import { forgetChannelFailures, listChannelHealth } from '../../store/channel-health.ts';
import { newId } from '../../store/new-id.ts';
import { plainFields } from '../administration/connectors.ts';
import { audited } from '../audited.ts';
import { pageOfAll } from '../page.ts';
import type { Handler } from '../serve.ts';
import { alertChannelAnswer } from './alert-channel-answer.ts';
import { reachChannel, requireAdminForDefault } from './reach-channel.ts';

const list =
  ({ db }: ChannelParts): Handler<Contract['listAlertChannels']> =>
  async ({ query }) => {
    const [channels, health] = await Promise.all([listAlertChannels(db), listChannelHealth(db)]);
    const { items, ...next } = pageOfAll(channels, query);
    return { items: items.map((one) => alertChannelAnswer(one, health.get(one.id))), ...next };
  };

const kinds: Handler<Contract['listAlertChannelKinds']> = async () => ({
  items: Object.entries(channelKinds).map(([id, { name, fields }]) => ({
    id: id as SavedChannel['kind'],
    name,
    fields: plainFields(fields),
  })),
});

const get =
  ({ db }: ChannelParts): Handler<Contract['getAlertChannel']> =>
  async ({ params: { id } }, { caller }) => {
    const channel = await reachChannel(db, caller!, id, 'look');
    return alertChannelAnswer(channel, (await listChannelHealth(db)).get(id));
  };

/** The columns that hold credentials. Throws UserErrors `field-…` and `alert-url` for what no channel can be opened with. */
function columnsOf(
  channel: Pick<SavedChannel, 'id' | 'kind'>,
  { plain, secrets }: Credentials,
  { keyRing, egress }: { keyRing: KeyRing; egress: ChannelParts['egress'] },
) {
  openChannel(channel, { ...plain, ...secrets }, egress);
  return {
    credentials: JSON.stringify(plain),
    secrets: JSON.stringify(sealSecrets(keyRing, channel.id, secrets)),
  };
}

const create =
  (parts: ChannelParts): Handler<Contract['createAlertChannel']> =>
  async ({ body: { name, kind, credentials, isDefault } }, { caller }) => {
    requireAdminForDefault(caller!, isDefault);
    const id = newId('channel');
    const { personId: ownerId } = caller!;
    const columns = inPane('credentials', () =>
      columnsOf({ id, kind }, newCredentials(channelKinds[kind].fields, credentials), parts),
    );
    const details = { name, kind, isDefault };
    const deed = { actor: ownerId, action: 'alert-channel.create', target: id, details };
    return audited(parts.db, deed, async (transaction) => {
      const row = { id, kind, name, ownerId, ...columns, ...(isDefault !== undefined && { isDefault }) };
      return alertChannelAnswer(await insertAlertChannel(transaction, row), undefined);
    });
  };

function changedColumns(
  channel: SavedChannel,
  typed: Readonly<Record<string, unknown>>,
  parts: ChannelParts,
) {
  const secrets = openSecrets(parts.keyRing, channel.id, channel.secrets);
  const before = { plain: channel.credentials, secrets };
  return inPane('credentials', () =>
    columnsOf(channel, changedCredentials(channelKinds[channel.kind].fields, before, typed), parts),
  );
}

const change =
  (parts: ChannelParts): Handler<Contract['changeAlertChannel']> =>
  async ({ params: { id }, body: { credentials, ...body } }, { caller }) => {
    requireAdminForDefault(caller!, body.isDefault);
    const details = { ...body, credentials: credentials && Object.keys(credentials) };
    const deed = { actor: caller!.personId, action: 'alert-channel.change', target: id, details };
    return audited(parts.db, deed, async (transaction) => {
      const channel = await reachChannel(transaction, caller!, id, 'change');
      const columns = credentials && changedColumns(channel, credentials, parts);
      const changed = await updateAlertChannel(transaction, id, channel.version, { ...body, ...columns });
      if (!changed) throw conflict();
      // What it failed for may be mended.
      if (columns) await forgetChannelFailures(transaction, id);
      return alertChannelAnswer(changed, (await listChannelHealth(transaction)).get(id));
    });
  };

const conflict = () =>
  new UserError('alert-channel-conflict', 'The channel was changed by somebody else meanwhile.', {
    remedy: 'Load it again.',
  });

const remove =
  ({ db }: ChannelParts): Handler<Contract['deleteAlertChannel']> =>
  async ({ params: { id } }, { caller }) => {
    const deed = { actor: caller!.personId, action: 'alert-channel.delete', target: id, details: {} };
    return audited(db, deed, async (transaction) => {
      const { name } = await reachChannel(transaction, caller!, id, 'change');
      const uses = await writebacksTelling(transaction, id);
      if (uses.length > 0) throw inUse(name, uses);
      await deleteAlertChannel(transaction, id);
      await forgetChannelFailures(transaction, id);
      return null;
    });
  };

function inUse(name: string, writebacks: readonly string[]): UserError {
  const listed = writebacks.slice(0, 20).join(', ');
  return new UserError('alert-channel-in-use-conflict', `These writebacks tell "${name}": ${listed}.`, {
    remedy: 'Take it out of their alerts first.',
  });
}

/** Where alerts can go: what may be shown is answered, secrets only go in. */
export const alertChannelHandlers = (parts: ChannelParts) => ({
  listAlertChannels: list(parts),
  listAlertChannelKinds: kinds,
  createAlertChannel: create(parts),
  getAlertChannel: get(parts),
  changeAlertChannel: change(parts),
  deleteAlertChannel: remove(parts),
});
