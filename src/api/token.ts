import { createHash, randomBytes } from 'node:crypto';

/** A secret that stands for a session, an API key or the first sign-in: 256 bits, safe in cookies and URLs. */
export const newToken = (): string => randomBytes(32).toString('base64url');

/** As the store keeps it. It is random and long, so that one pass of SHA-256 cannot be turned round. */
export const hashToken = (token: string): Buffer => createHash('sha256').update(token).digest();
