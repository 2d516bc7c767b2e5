import type { Service } from './service.ts';
export async function openScheduler(_s: Service, _k: AsyncDisposableStack): Promise<void> {}
