import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { crc32Base64 } from './s3-body.ts';
import type { S3Object, S3Part, S3Upload } from './s3-objects.ts';
import { S3Refusal } from './s3-refusal.ts';

const minimumPart = 5 * 1024 * 1024;

/** A part as CompleteMultipartUpload names it. */
interface NamedPart {
  readonly number: number;
  readonly etag: string;
  readonly crc32: string | undefined;
}

function tag(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]*)</${name}>`)
    .exec(xml)?.[1]
    ?.replaceAll('&quot;', '"')
    .replaceAll('"', '');
}

function namedParts(xml: string): NamedPart[] {
  const parts = [...xml.matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, part = '']) => ({
    number: Number(tag(part, 'PartNumber')),
    etag: tag(part, 'ETag') ?? '',
    crc32: tag(part, 'ChecksumCRC32'),
  }));
  if (parts.length === 0)
    throw new S3Refusal(400, 'MalformedXML', 'The XML you provided was not well-formed.');
  return parts;
}

/** Trap of real stores: checksums at creation and in Complete, or in neither. */
function checkChecksums(upload: S3Upload, named: NamedPart, part: S3Part): void {
  if (upload.crc32 && named.crc32 === undefined) {
    throw new S3Refusal(
      400,
      'InvalidRequest',
      'The upload was created using a crc32 checksum. The complete request must include it for each part.',
    );
  }
  if (!upload.crc32 && named.crc32 !== undefined) {
    throw new S3Refusal(400, 'InvalidPart', 'A checksum was given for an upload that was created without.');
  }
  if (named.crc32 !== part.crc32 && upload.crc32) {
    throw new S3Refusal(400, 'InvalidPart', 'The checksum of a part did not match.');
  }
}

function foundParts(upload: S3Upload, named: readonly NamedPart[]): S3Part[] {
  return named.map((one, index) => {
    const before = named[index - 1];
    if (before && before.number >= one.number) {
      throw new S3Refusal(400, 'InvalidPartOrder', 'The list of parts was not in ascending order.');
    }
    const part = upload.parts.get(one.number);
    if (!part || part.md5 !== one.etag) {
      throw new S3Refusal(400, 'InvalidPart', 'One or more of the specified parts could not be found.');
    }
    checkChecksums(upload, one, part);
    return part;
  });
}

/** Checks a part's place, and its checksum against what the upload declared. */
export function checkPart(upload: S3Upload, number: number, checksum: string | undefined): void {
  if (!Number.isInteger(number) || number < 1 || number > 10_000) {
    throw new S3Refusal(
      400,
      'InvalidArgument',
      'Part number must be an integer between 1 and 10000, inclusive',
    );
  }
  if (upload.crc32 !== (checksum !== undefined)) {
    const [expected, actual] = upload.crc32 ? ['crc32', 'null'] : ['null', 'crc32'];
    throw new S3Refusal(
      400,
      'InvalidRequest',
      `Checksum Type mismatch occurred, expected checksum Type: ${expected}, actual checksum Type: ${actual}`,
    );
  }
}

/** The object that the named parts make, after every check that S3 makes; `uniform` adds Cloudflare R2's. */
export function assemble(upload: S3Upload, xml: string, uniform: boolean): S3Object {
  const parts = foundParts(upload, namedParts(xml));
  const [first] = parts;
  for (const part of parts.slice(0, -1)) {
    if (part.length < minimumPart) {
      throw new S3Refusal(
        400,
        'EntityTooSmall',
        'Your proposed upload is smaller than the minimum allowed size',
      );
    }
    if (uniform && part.length !== first?.length) {
      throw new S3Refusal(400, 'InvalidPart', 'All non-trailing parts must have the same length.');
    }
  }
  const md5 = createHash('md5');
  for (const part of parts) md5.update(Buffer.from(part.md5, 'hex'));
  const sums = Buffer.concat(parts.map((part) => Buffer.from(part.crc32 ?? '', 'base64')));
  return {
    bytes: Buffer.concat(parts.map(({ bytes }) => bytes)),
    length: parts.reduce((sum, { length }) => sum + length, 0),
    etag: `${md5.digest('hex')}-${parts.length}`,
    modified: new Date(),
    headers: upload.headers,
    crc32: upload.crc32 ? `${crc32Base64(crc32(sums))}-${parts.length}` : undefined,
  };
}
