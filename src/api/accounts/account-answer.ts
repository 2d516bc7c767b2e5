import type { AnswerOf } from '../../contract/endpoint.ts';
import type { Contract } from '../../contract/contract.ts';
import type { Account } from '../../store/account.ts';
import type { Access } from '../../store/account-share.ts';

/** An account as the API tells it: of its secrets only that they are there. */
export function accountAnswer(
  { id, name, connector, credentials, secrets, state, testedAt, createdAt, updatedAt }: Account,
  access: Access,
  usedBy: number,
): AnswerOf<Contract['getAccount']> {
  return {
    id,
    name,
    connector,
    credentials,
    secrets: Object.keys(secrets),
    access,
    usedBy,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
    ...(testedAt && { lastTest: { at: testedAt.toISOString(), ok: state === 'valid' } }),
  };
}
