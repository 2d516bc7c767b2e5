import type { ServiceSettings } from '../config.ts';
import { workOnRuns } from '../run/work-on-runs.ts';
import type { Service } from './open-service.ts';

/** Where a run's thread begins: beside main, in the clone as TypeScript, in the package as JavaScript. */
const entry = new URL(
  import.meta.url.endsWith('.ts') ? '../guarded-worker.ts' : '../guarded-worker.js',
  import.meta.url,
);

/** Works on runs until `stack` is disposed: then they have a while to finish, and what has not goes on elsewhere. */
export async function openWorker(
  service: Service,
  { runs, runsPerAccount, drain }: ServiceSettings,
  stack: AsyncDisposableStack,
): Promise<void> {
  const worker = await workOnRuns({ ...service, entry, slots: runs, perAccount: runsPerAccount });
  stack.defer(() => worker.stop());
  stack.defer(() => service.engine.stop(drain));
}
