import { Type } from 'typebox';
import { endpoint } from './endpoint.ts';
import { byId, id, instant, pageOf, paging, record } from './record.ts';

const field = Type.Record(Type.String(), Type.Unknown());

const connector = record({
  id: Type.String(),
  name: Type.String(),
  summary: Type.String(),
  icon: Type.String(),
  /** Fields by id, as they are declared. */
  credentials: Type.Record(Type.String(), field),
  details: Type.Record(Type.String(), field),
});

const auditEntry = record({
  number: Type.Integer(),
  at: instant,
  actorId: Type.Optional(id),
  action: Type.String(),
  target: Type.String(),
  detail: Type.Optional(Type.Unknown()),
});

/** What there is to connect to, and what an administrator sees. */
export const administrationEndpoints = {
  listConnectors: endpoint({
    method: 'GET',
    path: '/connectors',
    permission: 'read',
    summary: 'Connectors with their fields.',
    answer: record({ items: Type.Array(connector) }),
  }),
  getConnector: endpoint({
    method: 'GET',
    path: '/connectors/{id}',
    permission: 'read',
    summary: 'One connector with its fields.',
    params: byId,
    answer: connector,
  }),
  listAudit: endpoint({
    method: 'GET',
    path: '/audit',
    permission: 'administer',
    summary: 'The audit log, newest first.',
    query: record(paging),
    answer: pageOf(auditEntry),
  }),
  verifyAudit: endpoint({
    method: 'POST',
    path: '/audit/verify',
    permission: 'administer',
    summary: 'Checks the chain of hashes over the whole audit log.',
    answer: record({
      ok: Type.Boolean(),
      entries: Type.Integer(),
      firstBroken: Type.Optional(Type.Integer()),
    }),
  }),
  rotateKeys: endpoint({
    method: 'POST',
    path: '/keys/rotate',
    permission: 'administer',
    summary: 'Seals every secret with the newest key of the key ring.',
    answer: record({ resealed: Type.Integer() }),
  }),
};
