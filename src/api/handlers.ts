import type { KeyRing } from '../account/key-ring.ts';
import type { Registry } from '../connector/registry.ts';
import type { Contract } from '../contract/contract.ts';
import type { Egress } from '../egress/egress.ts';
import type { Log } from '../log.ts';
import type { Engine } from '../run/engine.ts';
import type { Db } from '../store/database.ts';
import { accountHandlers } from './accounts/accounts.ts';
import { shareHandlers } from './accounts/shares.ts';
import { testAccountHandler } from './accounts/test-account.ts';
import { alertChannelHandlers } from './alerts/alert-channels.ts';
import { testAlertChannelHandler } from './alerts/test-alert-channel.ts';
import { auditHandlers } from './administration/audit-log.ts';
import { connectorHandlers } from './administration/connectors.ts';
import { rotateKeysHandler } from './administration/rotate-keys.ts';
import { datasetHandlers } from './datasets/datasets.ts';
import { domoHandlers } from './datasets/domo-datasets.ts';
import { queryHandlers } from './datasets/query-dataset.ts';
import { uploadHandlers } from './datasets/upload-dataset.ts';
import { apiKeyHandlers } from './people/api-keys.ts';
import { openIdHandlers } from './people/open-id-sign-in.ts';
import { peopleHandlers } from './people/people.ts';
import { sessionHandlers } from './people/sessions.ts';
import { type SignInWays, passwordsOnly } from './people/sign-in-ways.ts';
import { rejectedRowHandlers } from './runs/rejected-rows.ts';
import { retryRejectedHandler } from './runs/retry-rejected.ts';
import { eventHandlers } from './runs/run-events.ts';
import { runHandlers } from './runs/runs.ts';
import type { Handlers } from './serve.ts';
import { outputHandlers } from './writebacks/output-rows.ts';
import { writebackHandlers } from './writebacks/writebacks.ts';

/** What the whole API works with. */
export interface ApiParts {
  readonly db: Db;
  readonly engine: Engine;
  readonly registry: Registry;
  readonly keyRing: KeyRing;
  readonly egress: Egress;
  readonly log: Log;
  /** Shared by all processes that serve the API or work on runs. */
  readonly dataFolder: string;
  /** Bytes of one uploaded file. */
  readonly uploadLimit: number;
  /** The least minutes between two runs of a schedule. */
  readonly lowestMinutes: number;
  /** Of the link that the first start printed. */
  readonly setupToken: string;
  /** With e-mail address and password, unless told. */
  readonly signInWays?: SignInWays;
}

/** A handler for each call of the contract. */
export function apiHandlers(parts: ApiParts): Handlers<Contract> {
  const { db, registry, keyRing, setupToken, signInWays = passwordsOnly } = parts;
  return {
    ...peopleHandlers(db, setupToken),
    ...sessionHandlers(db, signInWays),
    ...openIdHandlers(db, signInWays),
    ...apiKeyHandlers(db),
    ...connectorHandlers(registry),
    ...auditHandlers(db),
    rotateKeys: rotateKeysHandler(db, keyRing),
    ...accountHandlers(parts),
    ...shareHandlers(db),
    testAccount: testAccountHandler(parts),
    ...datasetHandlers(parts),
    ...uploadHandlers(parts),
    ...queryHandlers(parts),
    ...domoHandlers(parts),
    ...writebackHandlers(parts),
    ...outputHandlers(db),
    ...runHandlers(parts),
    retryRejected: retryRejectedHandler(parts),
    ...eventHandlers(db),
    ...rejectedRowHandlers(db),
    ...alertChannelHandlers(parts),
    testAlertChannel: testAlertChannelHandler(parts),
  };
}
