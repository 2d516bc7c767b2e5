import { accountKind, domoKind } from '../../account/account-kinds.ts';
import { type SealedSecrets, openSecrets } from '../../account/seal.ts';
import type { TestStep } from '../../connector/contract.ts';
import { testSteps } from '../../connector/test-steps.ts';
import type { Contract } from '../../contract/contract.ts';
import type { Egress } from '../../egress/egress.ts';
import { checkValues } from '../../field/check.ts';
import type { Values } from '../../field/field.ts';
import type { Log } from '../../log.ts';
import { scopedLog } from '../../run/scoped-log.ts';
import { withSource } from '../../source/create-source.ts';
import type { domoSourceFields } from '../../source/source-fields.ts';
import { type Account, updateAccount } from '../../store/account.ts';
import type { Handler } from '../serve.ts';
import { createTryLimit } from '../try-limit.ts';
import { reachAccount } from './access.ts';
import type { AccountParts } from './accounts.ts';

/** What a test reaches the far system through. */
export interface TestParts extends AccountParts {
  readonly egress: Egress;
  readonly log: Log;
}

type Opened = Readonly<Record<string, unknown>>;

/** Signs in to Domo and asks for one DataSet. */
function domoSteps({ egress, log }: TestParts, opened: Opened, signal: AbortSignal): AsyncIterable<TestStep> {
  const values = { ...opened, datasetId: '', query: undefined } as unknown as Values<typeof domoSourceFields>;
  return testSteps({
    'sign in': () =>
      withSource({ kind: 'domo', values }, { egress, log }, async (source) => {
        for await (const { name } of source.list(signal))
          return `Domo answers; the first DataSet is "${name}".`;
        return 'Domo answers; this client sees no DataSet.';
      }),
  });
}

function stepsOf(parts: TestParts, account: Account, details: Opened | undefined, signal: AbortSignal) {
  const { registry, keyRing, egress } = parts;
  const log = scopedLog(parts.log);
  const { fields } = accountKind(registry, account.connector);
  const secrets = openSecrets(keyRing, account.id, account.secrets as unknown as SealedSecrets);
  for (const secret of Object.values(secrets)) log.hide(secret);
  const credentials = checkValues(fields, { ...account.credentials, ...secrets }, 'credentials');
  if (account.connector === domoKind) return domoSteps({ ...parts, log }, credentials, signal);
  const connector = registry.get(account.connector);
  const checked = checkValues(connector.details, details, 'details');
  const work = { credentials, details: checked, signal, egress, log };
  return connector.testConnection(work as never);
}

/** Tests an account's connection with the details of a writeback; its outcome is kept with the account. Ten tests a minute for each person. */
export function testAccountHandler(parts: TestParts): Handler<Contract['testAccount']> {
  const limit = createTryLimit(10, 60_000);
  return async ({ params: { id }, body: { details } }, { caller, signal }) => {
    limit.count(caller!.personId);
    const { account } = await reachAccount(parts.db, caller!, id, 'read');
    const steps: TestStep[] = [];
    for await (const step of stepsOf(parts, account, details, signal)) steps.push(step);
    const ok = steps.every((step) => step.ok);
    const state = ok ? ('valid' as const) : ('invalid' as const);
    await updateAccount(parts.db, id, account.version, { state, testedAt: new Date() });
    return {
      ok,
      steps: steps.map(({ remedy, ...rest }) => ({ ...rest, ...(remedy !== undefined && { remedy }) })),
    };
  };
}
