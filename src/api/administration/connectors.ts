import type { Contract } from '../../contract/contract.ts';
import type { Connector } from '../../connector/contract.ts';
import type { Registry } from '../../connector/registry.ts';
import { UserError } from '../../errors.ts';
import type { Fields } from '../../field/field.ts';
import type { Handler } from '../serve.ts';

/** Fields as they are declared, but for what only code understands. */
export const plainFields = (fields: Fields) =>
  JSON.parse(JSON.stringify(fields)) as Record<string, Record<string, unknown>>;

const answerOf = ({ id, name, summary, icon, credentials, details }: Connector) => ({
  id,
  name,
  summary,
  icon,
  credentials: plainFields(credentials),
  details: plainFields(details),
});

/** What there is to connect to. */
export function connectorHandlers(registry: Registry) {
  const list: Handler<Contract['listConnectors']> = async () => ({ items: registry.list().map(answerOf) });
  const get: Handler<Contract['getConnector']> = async ({ params: { id } }) => {
    const connector = registry.list().find((one) => one.id === id);
    if (connector) return answerOf(connector);
    throw new UserError('connector-not-found', `There is no connector "${id}".`);
  };
  return { listConnectors: list, getConnector: get };
}
