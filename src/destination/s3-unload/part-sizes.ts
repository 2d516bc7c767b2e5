import { UserError } from '../../errors.ts';

const MiB = 1024 * 1024;
/** S3 allows so many parts in one upload. */
const maximumParts = 10_000;
/** Bytes that may be on their way at once in one upload; a Primary Key makes several uploads at once. */
const inFlightBytes = 32 * MiB;

/** The exact size of part `number` (from 1). Throws UserError `s3-unload-file-too-large` past the last part. */
export type PartSizes = (number: number) => number;

function within(number: number, size: number): number {
  if (number <= maximumParts) return size;
  throw new UserError(
    's3-unload-file-too-large',
    'The file is larger than one object can be with the 10,000 parts that S3 allows.',
    { field: 'splitSize', remedy: 'Set a Split Size, so that several smaller files are written.' },
  );
}

/**
 * How an upload of unknown length is cut. On Amazon parts grow: 8, 16, 32 MiB a thousand times each, then 64 MiB,
 * together 490 GiB, while small files need little memory. Cloudflare R2 and others refuse parts of unequal length
 * (`InvalidPart: All non-trailing parts must have the same length`), so with an endpoint all are as long as the
 * estimate asks for with a fifth to spare, or 16 MiB (156 GiB) when there is no estimate.
 */
export function partSizes(uniform: boolean, estimatedBytes?: number): PartSizes {
  const steps = [8, 16, 32, 64] as const;
  if (!uniform) return (number) => within(number, (steps[Math.floor((number - 1) / 1000)] ?? 64) * MiB);
  const needed = Math.ceil(((estimatedBytes ?? 0) * 1.2) / maximumParts / MiB);
  const size = (estimatedBytes === undefined ? 16 : Math.max(8, needed)) * MiB;
  return (number) => within(number, size);
}

/** How many parts of this size may be on their way at once: four, fewer when they are large. */
export function partsInFlight(size: number): number {
  return Math.max(1, Math.min(4, Math.floor(inFlightBytes / size)));
}
