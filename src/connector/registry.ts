import { UserError } from '../errors.ts';
import type { Connector } from './contract.ts';

/** The connectors that this process knows, by id. `main.ts` fills it; nobody else imports destinations. */
export interface Registry {
  list(): readonly Connector[];
  /** Throws UserError `connector-unknown`. */
  get(id: string): Connector;
}

/** A registry of these connectors. Throws Error when two have one id: that is a mistake of ours, not of a person. */
export function createRegistry(connectors: readonly Connector[]): Registry {
  const byId = new Map(connectors.map((connector) => [connector.id, connector]));
  if (byId.size !== connectors.length) throw new Error('Two connectors have the same id.');
  return {
    list: () => connectors,
    get(id) {
      const connector = byId.get(id);
      if (connector) return connector;
      throw new UserError('connector-unknown', `There is no connector "${id}".`, {
        field: 'connector',
        remedy: `Use one of: ${[...byId.keys()].join(', ')}.`,
      });
    },
  };
}
