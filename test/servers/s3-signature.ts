import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { S3Refusal } from './s3-refusal.ts';

/** A key that the stand-in knows. */
export interface S3Key {
  readonly accessKey: string;
  readonly secretKey: string;
  readonly sessionToken?: string;
  /** Allowed actions on resources `bucket/key`, `*` at the end stands for anything; everything when absent. */
  readonly allow?: readonly { readonly actions: readonly string[]; readonly resource: string }[];
}

/** What a request claims to be signed with. */
interface Claim {
  readonly accessKey: string;
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

const pattern =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/;

function claimOf(request: IncomingMessage): Claim {
  const header = request.headers.authorization;
  if (header === undefined) throw new S3Refusal(403, 'AccessDenied', 'Access Denied.');
  const [, accessKey = '', date = '', region = '', service = '', signed = '', signature = ''] =
    pattern.exec(header) ?? [];
  if (signature === '') {
    throw new S3Refusal(400, 'AuthorizationHeaderMalformed', 'The authorization header is malformed.');
  }
  return { accessKey, date, region, service, signedHeaders: signed.split(';'), signature };
}

const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (odd) => `%${odd.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function canonicalQuery(url: URL): string {
  const raw = url.search
    .slice(1)
    .split('&')
    .filter((pair) => pair !== '');
  const pairs = raw.map((pair) => {
    const [name = '', ...rest] = pair.split('=');
    return [name, rest.join('=')].map((text) => encode(decodeURIComponent(text))).join('=');
  });
  return pairs.sort().join('&');
}

function canonicalRequest(request: IncomingMessage, url: URL, claim: Claim, payloadHash: string): string {
  const path = url.pathname
    .split('/')
    .map((part) => encode(decodeURIComponent(part)))
    .join('/');
  const headers = claim.signedHeaders.map((name) => {
    const value = request.headers[name];
    return `${name}:${(Array.isArray(value) ? value.join(',') : (value ?? '')).trim().replace(/ +/g, ' ')}\n`;
  });
  return [
    request.method,
    path,
    canonicalQuery(url),
    headers.join(''),
    claim.signedHeaders.join(';'),
    payloadHash,
  ].join('\n');
}

function checkHeaders(request: IncomingMessage, { signedHeaders }: Claim): void {
  const needed = Object.keys(request.headers).filter((name) => name.startsWith('x-amz-') || name === 'host');
  const missing = needed.find((name) => !signedHeaders.includes(name));
  if (missing)
    throw new S3Refusal(403, 'AccessDenied', `There were headers present which were not signed: ${missing}`);
}

function checkTime(request: IncomingMessage, claim: Claim, now: number): string {
  const stamp = String(request.headers['x-amz-date'] ?? '');
  const iso = stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
  if (!stamp.startsWith(claim.date))
    throw new S3Refusal(403, 'AccessDenied', 'Credential date and x-amz-date differ.');
  if (!(Math.abs(Date.parse(iso) - now) < 15 * 60_000)) {
    throw new S3Refusal(
      403,
      'RequestTimeTooSkewed',
      'The difference between the request time and the current time is too large.',
    );
  }
  return stamp;
}

function checkRegion(claim: Claim, region: string, service: string): void {
  if (claim.region === region && claim.service === service) return;
  const message = `The authorization header is malformed; the region '${claim.region}' is wrong; expecting '${region}'`;
  throw new S3Refusal(400, 'AuthorizationHeaderMalformed', message, { Region: region });
}

function checkToken(request: IncomingMessage, key: S3Key): void {
  const token = request.headers['x-amz-security-token'];
  if (token === key.sessionToken) return;
  throw new S3Refusal(403, 'InvalidToken', 'The provided token is malformed or otherwise invalid.');
}

/**
 * Verifies a SigV4 authorization header the way S3 does, and answers whose it is. `payloadHash` is what was signed as
 * the hash of the body; the caller compares it with the body itself. Throws S3Refusal with the names of S3.
 */
export function verifySignature(
  request: IncomingMessage,
  url: URL,
  expected: {
    readonly region: string;
    readonly service: string;
    readonly payloadHash: string;
    readonly now: number;
  },
  find: (accessKey: string) => S3Key | undefined,
): S3Key {
  const claim = claimOf(request);
  checkHeaders(request, claim);
  const key = find(claim.accessKey);
  if (!key)
    throw new S3Refusal(
      403,
      'InvalidAccessKeyId',
      'The AWS access key Id you provided does not exist in our records.',
    );
  checkToken(request, key);
  checkRegion(claim, expected.region, expected.service);
  const stamp = checkTime(request, claim, expected.now);
  const scope = `${claim.date}/${claim.region}/${claim.service}/aws4_request`;
  const toSign = `AWS4-HMAC-SHA256\n${stamp}\n${scope}\n${sha256(canonicalRequest(request, url, claim, expected.payloadHash))}`;
  const signingKey = scope
    .split('/')
    .reduce<string | Buffer>((secret, word) => hmac(secret, word), `AWS4${key.secretKey}`);
  if (!timingSafeEqual(hmac(signingKey, toSign), Buffer.from(claim.signature, 'hex'))) {
    const message = 'The request signature we calculated does not match the signature you provided.';
    throw new S3Refusal(403, 'SignatureDoesNotMatch', message);
  }
  return key;
}

/** True when the key may do this with `bucket/key`. */
export function isAllowed({ allow }: S3Key, action: string, resource: string): boolean {
  if (!allow) return true;
  return allow.some((rule) => {
    const fits = rule.resource.endsWith('*')
      ? resource.startsWith(rule.resource.slice(0, -1))
      : resource === rule.resource;
    return fits && rule.actions.includes(action);
  });
}
