// The hot loops of src/dataset, for WebAssembly with SIMD; docs/decisions/0006-kernel.md tells why and how it is called.
export { configure } from './layout';
export { count, index } from './scan';
export { encode } from './encode';
