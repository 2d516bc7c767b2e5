/**
 * Gives memory back at once that nobody looks at any more: all of it, whatever part of it `bytes` is. The garbage collector would
 * look through everything for each few megabytes of such memory, which takes a third of the time of packing or un-packing.
 * Memory that is shared, by threads or by small buffers, stays.
 */
export function giveBack({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength > Buffer.poolSize) buffer.transfer(0);
}
