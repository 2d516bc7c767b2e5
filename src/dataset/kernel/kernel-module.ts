import { readFileSync } from 'node:fs';
import type { Log } from '../../log.ts';

interface Loaded {
  readonly module?: WebAssembly.Module;
  /** Why there is none. */
  readonly missing?: string;
}

let loaded: Loaded | undefined;
let wanted = true;
let said = false;

function load(): Loaded {
  try {
    // Compiling fails where WebAssembly has no SIMD, or is switched off.
    const bytes = readFileSync(new URL('./kernel.wasm', import.meta.url));
    return { module: new WebAssembly.Module(bytes) };
  } catch (error) {
    return { missing: error instanceof Error ? error.message : String(error) };
  }
}

/** The compiled kernel, loaded at its first use; undefined where it cannot be used or was switched off. */
export function kernelModule(): WebAssembly.Module | undefined {
  return wanted ? (loaded ??= load()).module : undefined;
}

/** Says once in the log of a process why CSV is read and encoded by TypeScript alone, which is slower and gives the same. */
export function warnWithoutKernel(log: Log): void {
  loaded ??= load();
  if (loaded.missing === undefined || said) return;
  said = true;
  log.warn('WebAssembly with SIMD cannot be used; CSV is read by TypeScript, which takes more time.', {
    why: loaded.missing,
  });
}

/** Switches the kernel on or off for the streams that begin from now on; for comparisons. */
export function useKernel(on: boolean): void {
  wanted = on;
}
