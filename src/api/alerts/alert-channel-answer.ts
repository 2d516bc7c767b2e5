import type { Contract } from '../../contract/contract.ts';
import type { AnswerOf } from '../../contract/endpoint.ts';
import type { SavedChannel } from '../../store/alert-channel.ts';
import type { ChannelHealth } from '../../store/channel-health.ts';

/** A channel as the API tells it: of its secrets only that they are there. */
export function alertChannelAnswer(
  { id, name, kind, credentials, secrets, isDefault, ownerId, createdAt, updatedAt }: SavedChannel,
  health: ChannelHealth | undefined,
): AnswerOf<Contract['getAlertChannel']> {
  return {
    id,
    name,
    kind,
    credentials,
    secrets: Object.keys(secrets),
    isDefault,
    ownerId,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
    ...(health && {
      trouble: {
        message: health.lastError,
        failures: health.failures,
        restsUntil: health.restsUntil.toISOString(),
      },
    }),
  };
}
