// The little of WebAssembly that is used here: TypeScript has it only among the types of browsers.
declare namespace WebAssembly {
  interface Module {
    readonly [Symbol.toStringTag]: 'WebAssembly.Module';
  }
  interface Memory {
    readonly buffer: ArrayBuffer;
  }
  interface Instance {
    readonly exports: Readonly<Record<string, unknown>>;
  }
  type Imports = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  const Module: new (bytes: Uint8Array) => Module;
  const Memory: new (pages: { initial: number; maximum: number }) => Memory;
  const Instance: new (module: Module, imports: Imports) => Instance;
}
