import { connectors } from '../../src/connectors.ts';
import { newMasterKey } from '../../src/account/key-ring.ts';
import type { ApiParts } from '../../src/api/handlers.ts';
import { createRegistry } from '../../src/connector/registry.ts';
import { addressPolicy } from '../../src/egress/address-policy.ts';
import { createEgress } from '../../src/egress/egress.ts';
import { openEngine } from '../../src/run/engine.ts';
import type { Store } from '../../src/store/open.ts';
import { dataFolder, quiet } from './store-places.ts';

/** All that the API works with, over a store; nothing beyond this machine is reached. The engine is to be stopped. */
export async function apiParts(store: Store, more: Partial<ApiParts> = {}): Promise<ApiParts> {
  return {
    db: store.kysely,
    engine: await openEngine(store.bossOptions, quiet),
    registry: createRegistry(connectors),
    keyRing: [newMasterKey()],
    egress: createEgress(addressPolicy({ allow: [], allowLoopback: true })),
    log: quiet,
    dataFolder: await dataFolder(),
    uploadLimit: 1024 * 1024,
    lowestMinutes: 15,
    setupToken: 'the-token-of-the-link',
    ...more,
  };
}
