// What the kernel asks of src/dataset.

/** `readDouble` of number-text.ts for the bytes `[from, end)` of the memory; NaN when it refuses them. */
export declare function readDouble(from: usize, end: usize): f64;
