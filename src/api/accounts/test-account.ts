import { accountKind, domoKind } from '../../account/account-kinds.ts';
import type { TestStep } from '../../connector/contract.ts';
import { testSteps } from '../../connector/test-steps.ts';
import type { Contract } from '../../contract/contract.ts';
import { checkValues } from '../../field/check.ts';
import { type Account, updateAccount } from '../../store/account.ts';
import type { Handler } from '../serve.ts';
import { createTryLimit } from '../try-limit.ts';
import { reachAccount } from './access.ts';
import type { AccountParts } from './accounts.ts';
import { type OpenedAccount, type OpeningParts, openedAccount, withDomoOf } from './opened-account.ts';

/** What a test reaches the far system through. */
export type TestParts = AccountParts & OpeningParts;

type Details = Readonly<Record<string, unknown>> | undefined;

/** Signs in to Domo and asks for one DataSet. */
function domoSteps(opened: OpenedAccount, signal: AbortSignal): AsyncIterable<TestStep> {
  return testSteps({
    'sign in': () =>
      withDomoOf(opened, async (source) => {
        for await (const { name } of source.list(signal))
          return `Domo answers; the first DataSet is "${name}".`;
        return 'Domo answers; this client sees no DataSet.';
      }),
  });
}

function stepsOf(parts: TestParts, account: Account, details: Details, signal: AbortSignal) {
  const { registry } = parts;
  const { values, ...context } = openedAccount(parts, account);
  const { fields } = accountKind(registry, account.connector);
  const credentials = checkValues(fields, values, 'credentials');
  if (account.connector === domoKind) return domoSteps({ values: credentials, ...context }, signal);
  const connector = registry.get(account.connector);
  const checked = checkValues(connector.details, details, 'details');
  return connector.testConnection({ credentials, details: checked, signal, ...context } as never);
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
