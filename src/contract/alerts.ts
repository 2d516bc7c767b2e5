import { Type } from 'typebox';
import { endpoint } from './endpoint.ts';
import { byId, id, instant, name, nothing, oneOf, pageOf, paging, paneValues, record } from './record.ts';

/** What there is to tell of a writeback. */
export const alertKinds = ['failed', 'recovered', 'no-data', 'rejected-rows', 'no-update', 'paused'] as const;

/** How people are told. */
export const alertChannelKinds = ['email', 'slack', 'webhook'] as const;

/** Stands among a writeback's channels for those of the installation. */
export const defaultChannels = 'default';

/** Who is told what of a writeback; what is not said is the installation's: its default channels, and everything. */
export const alertChoice = record({
  /** Ids of channels; `default` stands for those of the installation. None: nobody is told. */
  channels: Type.Optional(Type.Array(id, { maxItems: 20 })),
  kinds: Type.Optional(Type.Array(oneOf(alertKinds), { maxItems: alertKinds.length })),
  /** So many rejected rows of a run are nothing to tell of. */
  rejectedRows: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000_000 })),
});

const channel = record({
  id,
  name,
  kind: oneOf(alertChannelKinds),
  /** What is no secret. */
  credentials: paneValues,
  /** Ids of the secret fields that have a value. */
  secrets: Type.Array(Type.String()),
  /** Told of every writeback that names no channels of its own. */
  isDefault: Type.Boolean(),
  ownerId: id,
  createdAt: instant,
  updatedAt: instant,
  /** It fails: why, how often in a row, and until when it is left in peace. */
  trouble: Type.Optional(record({ message: Type.String(), failures: Type.Integer(), restsUntil: instant })),
});

const kind = record({
  id: oneOf(alertChannelKinds),
  name: Type.String(),
  /** Fields by id, as they are declared. */
  fields: Type.Record(Type.String(), Type.Record(Type.String(), Type.Unknown())),
});

/** Where alerts go, beside the places that the environment of the service names. */
export const alertEndpoints = {
  listAlertChannels: endpoint({
    method: 'GET',
    path: '/alert-channels',
    permission: 'read',
    summary: 'Where alerts can go, by name.',
    query: record(paging),
    answer: pageOf(channel),
  }),
  listAlertChannelKinds: endpoint({
    method: 'GET',
    path: '/alert-channel-kinds',
    permission: 'read',
    summary: 'Kinds of alert channels with their fields.',
    answer: record({ items: Type.Array(kind) }),
  }),
  createAlertChannel: endpoint({
    method: 'POST',
    path: '/alert-channels',
    permission: 'edit',
    summary: 'Saves a channel. Only an administrator makes it one of the installation’s default ones.',
    body: record({
      name,
      kind: oneOf(alertChannelKinds),
      credentials: paneValues,
      isDefault: Type.Optional(Type.Boolean()),
    }),
    answer: channel,
    status: 201,
    idempotent: true,
  }),
  getAlertChannel: endpoint({
    method: 'GET',
    path: '/alert-channels/{id}',
    permission: 'read',
    summary: 'One channel, without its secrets.',
    params: byId,
    answer: channel,
  }),
  changeAlertChannel: endpoint({
    method: 'PATCH',
    path: '/alert-channels/{id}',
    permission: 'edit',
    summary: 'Changes a channel. Another mail server clears the password that is not sent again.',
    params: byId,
    body: record({
      name: Type.Optional(name),
      credentials: Type.Optional(paneValues),
      isDefault: Type.Optional(Type.Boolean()),
    }),
    answer: channel,
  }),
  deleteAlertChannel: endpoint({
    method: 'DELETE',
    path: '/alert-channels/{id}',
    permission: 'edit',
    summary: 'Deletes a channel. While writebacks name it, it is refused and they are listed.',
    params: byId,
    answer: nothing,
    status: 204,
  }),
  testAlertChannel: endpoint({
    method: 'POST',
    path: '/alert-channels/{id}/test',
    permission: 'operate',
    summary: 'Sends a test alert. When it arrives, the channel rests no longer.',
    params: byId,
    answer: record({ ok: Type.Boolean(), message: Type.String(), remedy: Type.Optional(Type.String()) }),
  }),
};
