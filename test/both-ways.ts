import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kernelModule, useKernel } from '../src/dataset/kernel/kernel-module.ts';

/** The same test twice: where the kernel scans and encodes, and where the TypeScript reference does. */
export function bothWays(name: string, run: () => void | Promise<void>): void {
  for (const on of [true, false])
    test(`${name} (${on ? 'kernel' : 'reference'})`, async () => {
      useKernel(on);
      try {
        assert.equal(kernelModule() !== undefined, on, 'npm run build:kernel makes the kernel');
        await run();
      } finally {
        useKernel(true);
      }
    });
}
