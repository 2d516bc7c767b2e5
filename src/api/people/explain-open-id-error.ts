import { TemporaryError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { Refusal } from '../problem.ts';

const unavailable = (cause: unknown) =>
  new TemporaryError('sign-in-provider-unavailable', 'The sign-in provider cannot be asked at present.', {
    remedy: 'Try again in a moment. If it stays so, the log of the server tells its operator why.',
    cause,
  });

const again = 'Sign in again from the beginning.';

/** What a provider's refusals mean (RFC 6749, 4.1.2.1 and 5.2); whatever else it says is between it and the operator. */
const refusals: Readonly<Record<string, readonly [status: number, code: string, sentence: string]>> = {
  access_denied: [403, 'sign-in-provider-refused', 'The sign-in provider did not let you in.'],
  login_required: [401, 'sign-in-provider-refused', `The sign-in provider does not know you. ${again}`],
  interaction_required: [
    401,
    'sign-in-provider-refused',
    `The sign-in provider has a question to you. ${again}`,
  ],
  consent_required: [403, 'sign-in-provider-refused', 'The sign-in provider needs your consent.'],
  invalid_grant: [401, 'sign-in-over', `This sign-in took too long, or is over already. ${again}`],
};

/** What openid-client finds wrong with an answer: it belongs to another sign-in, or is forged. */
const mismatches = ['OAUTH_INVALID_RESPONSE', 'OAUTH_JWT_CLAIM_COMPARISON_FAILED'];

/** A sign-in that this browser did not begin, or that was tampered with. */
export const notOurs = () =>
  new Refusal(401, 'sign-in-mismatch', `This is not the answer to a sign-in that you began here. ${again}`);

interface ProviderError {
  readonly error: string;
  readonly error_description: string;
}

/** What was wrong, to the bottom: the sentences of the library hide it in causes. They hold neither codes nor tokens. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const { error: said = '', error_description: more = '' } = error as Error & Partial<ProviderError>;
  return [error.message, said, more, reasonOf(error.cause)].filter(Boolean).join(': ');
}

/** An error of openid-client as a refusal or a told error; what it was stands in the log. */
export async function explainOpenIdError(error: unknown, log: Log): Promise<Error> {
  const { AuthorizationResponseError, ClientError, ResponseBodyError } = await import('openid-client');
  log.warn('A sign-in through OpenID Connect did not succeed.', { reason: reasonOf(error) });
  if (error instanceof AuthorizationResponseError || error instanceof ResponseBodyError) {
    const refusal = refusals[error.error];
    return refusal ? new Refusal(...refusal) : unavailable(error);
  }
  const isMismatch = error instanceof ClientError && mismatches.includes(error.code ?? '');
  return isMismatch ? notOurs() : unavailable(error);
}
