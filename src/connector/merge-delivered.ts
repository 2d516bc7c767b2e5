import { crc32 } from 'node:zlib';
import type { Delivered } from './deliver.ts';
import { listTogether } from './tally.ts';

/** What several parts of one run moved together. The checksum is that of the parts' checksums, in the order of the parts. */
export function mergeDelivered(parts: readonly Delivered[]): Delivered {
  const sum = (pick: (part: Delivered) => number) => parts.reduce((total, part) => total + pick(part), 0);
  return {
    // All parts of a collection lie in the same one.
    location: [...new Set(parts.flatMap((part) => part.location))],
    files: parts.flatMap((part) => part.files),
    rowsRead: sum((part) => part.rowsRead),
    rowsWritten: sum((part) => part.rowsWritten),
    rowsRejected: sum((part) => part.rowsRejected),
    bytes: sum((part) => part.bytes),
    crc32: crc32(parts.map((part) => part.crc32).join('\n'))
      .toString(16)
      .padStart(8, '0'),
    rejected: listTogether(parts.flatMap((part) => part.rejected)),
    rejectedFrom: parts.find((part) => part.rejectedFrom)?.rejectedFrom,
    truncated: sum((part) => part.truncated),
    warnings: [...new Set(parts.flatMap((part) => part.warnings))],
  };
}
