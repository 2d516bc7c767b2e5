import { accountEndpoints } from './accounts.ts';
import { administrationEndpoints } from './administration.ts';
import { alertEndpoints } from './alerts.ts';
import { datasetEndpoints } from './datasets.ts';
import { peopleEndpoints } from './people.ts';
import { runEndpoints } from './runs.ts';
import { signInEndpoints } from './sign-in.ts';
import { writebackEndpoints } from './writebacks.ts';

/** The whole HTTP API, by the name of each call. */
export const contract = {
  ...signInEndpoints,
  ...peopleEndpoints,
  ...administrationEndpoints,
  ...accountEndpoints,
  ...datasetEndpoints,
  ...writebackEndpoints,
  ...runEndpoints,
  ...alertEndpoints,
};

export type Contract = typeof contract;
export type CallName = keyof Contract;
