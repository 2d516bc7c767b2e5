import type { ServiceSettings } from '../config.ts';
import type { Service } from './service.ts';
export async function openWorker(_s: Service, _t: ServiceSettings, _k: AsyncDisposableStack): Promise<void> {}
