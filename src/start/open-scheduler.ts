import type { ServiceSettings } from '../config.ts';
import { startScheduler } from '../run/scheduler.ts';
import { alertChannels } from './alert-channels.ts';
import type { Service } from './open-service.ts';

/** Starts what is due, and sends alerts, until `stack` is disposed. */
export function openScheduler(
  service: Service,
  { daysKept }: ServiceSettings,
  stack: AsyncDisposableStack,
): void {
  const channels = alertChannels(service.egress, service.log);
  const scheduler = startScheduler({ ...service, channels, daysKept });
  stack.defer(() => scheduler.stop());
}
