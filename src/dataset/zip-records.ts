/**
 * The records of a zip file (PKWARE APPNOTE 6.3.10) with one entry that was streamed: its sizes are not known when its header
 * is written, and follow it in a data descriptor. Like Go's archive/zip, the header does not promise zip64; readers take the
 * sizes from the central directory.
 */
export interface ZipEntry {
  readonly name: string;
  readonly crc32: number;
  /** Bytes in the archive, and bytes unpacked. */
  readonly packed: number;
  readonly size: number;
}

/** The largest number of a 32-bit field; itself it means "look at the zip64 field". */
const max32 = 0xffff_ffff;
/** Sizes follow the data (bit 3); the name is UTF-8 (bit 11). */
const flags = 0x0808;
const deflated = 8;
/** 1980-01-01, the first day of the format: the file's content decides over its bytes, not the clock. */
const date = 0x0021;
const version = 20;
const zip64Version = 45;
const madeOnUnix = 3 << 8;
const ordinaryFile = 0o100644;

/** Little-endian fields one after the other: [bytes, value]. */
function fields(...list: readonly (readonly [2 | 4 | 8, number])[]): Buffer {
  const buffer = Buffer.alloc(list.reduce((sum, [bytes]) => sum + bytes, 0));
  let at = 0;
  for (const [bytes, value] of list) {
    if (bytes === 8) buffer.writeBigUInt64LE(BigInt(value), at);
    else buffer.writeUIntLE(value, at, bytes);
    at += bytes;
  }
  return buffer;
}

function isLarge({ packed, size }: ZipEntry): boolean {
  return packed >= max32 || size >= max32;
}

/** What stands before the data. */
export function localHeader(name: string): Buffer {
  const bytes = Buffer.from(name);
  const start = fields([4, 0x04034b50], [2, version], [2, flags], [2, deflated], [2, 0], [2, date]);
  return Buffer.concat([start, fields([4, 0], [4, 0], [4, 0], [2, bytes.length], [2, 0]), bytes]);
}

function dataDescriptor(entry: ZipEntry): Buffer {
  const width = isLarge(entry) ? 8 : 4;
  return fields([4, 0x08074b50], [4, entry.crc32], [width, entry.packed], [width, entry.size]);
}

function centralHeader(entry: ZipEntry): Buffer {
  const large = isLarge(entry);
  const name = Buffer.from(entry.name);
  const extra = large ? fields([2, 1], [2, 16], [8, entry.size], [8, entry.packed]) : Buffer.alloc(0);
  const needed = large ? zip64Version : version;
  const start = fields([4, 0x02014b50], [2, madeOnUnix | needed], [2, needed], [2, flags], [2, deflated]);
  const sizes = [large ? max32 : entry.packed, large ? max32 : entry.size] as const;
  const middle = fields([2, 0], [2, date], [4, entry.crc32], [4, sizes[0]], [4, sizes[1]]);
  // Lengths of name, extra and comment; disk; inner and outer attributes; offset of the local header.
  const lengths = fields([2, name.length], [2, extra.length], [2, 0], [2, 0], [2, 0]);
  return Buffer.concat([start, middle, lengths, fields([4, ordinaryFile * 65_536], [4, 0]), name, extra]);
}

function end64(size: number, offset: number): Buffer {
  const start = fields(
    [4, 0x06064b50],
    [8, 44],
    [2, madeOnUnix | zip64Version],
    [2, zip64Version],
    [4, 0],
    [4, 0],
  );
  const directory = fields([8, 1], [8, 1], [8, size], [8, offset]);
  const locator = fields([4, 0x07064b50], [4, 0], [8, offset + size], [4, 1]);
  return Buffer.concat([start, directory, locator]);
}

/** What stands behind the data: descriptor, central directory and end. */
export function zipEnd(entry: ZipEntry): Buffer {
  const descriptor = dataDescriptor(entry);
  const central = centralHeader(entry);
  const offset = localHeader(entry.name).length + entry.packed + descriptor.length;
  const large = offset >= max32;
  const end = fields([4, 0x06054b50], [2, 0], [2, 0], [2, 1], [2, 1]);
  const directory = fields([4, central.length], [4, large ? max32 : offset], [2, 0]);
  const zip64 = large ? end64(central.length, offset) : Buffer.alloc(0);
  return Buffer.concat([descriptor, central, zip64, end, directory]);
}
