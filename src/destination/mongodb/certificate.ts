import { X509Certificate } from 'node:crypto';
import type { Egress } from '../../egress/egress.ts';
import { createDispatcher } from '../../egress/http.ts';
import { TemporaryError, UserError, isTold } from '../../errors.ts';
import type { MongoCredentials } from './mongodb-fields.ts';

const maxBytes = 1024 * 1024;

function unreadable(why: string, cause?: unknown): UserError {
  return new UserError('mongodb-certificate-unreadable', `The CA certificate cannot be used: ${why}.`, {
    field: 'certificate',
    remedy:
      'Give the certificate as PEM text that begins with -----BEGIN CERTIFICATE-----, or the URL of such a text.',
    cause,
  });
}

async function readAll(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw unreadable('it is larger than 1 MB');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** What egress tells is true, but without saying that it is the certificate's URL, not the server, that it tells of. */
function unreachable(error: unknown): Error {
  if (isTold(error) && error.field === 'certificate') return error;
  const kind = error instanceof UserError ? UserError : TemporaryError;
  const why = isTold(error) ? `: ${error.message}` : '.';
  return new kind(
    'mongodb-certificate-unreachable',
    `The certificate could not be fetched from its URL${why}`,
    { field: 'certificate', remedy: 'Check the URL, or paste the text of the certificate.', cause: error },
  );
}

async function download(url: string, egress: Egress, signal: AbortSignal): Promise<string> {
  if (!URL.canParse(url) || !/^https?:/i.test(url))
    throw unreadable('the URL must begin with https:// or http://');
  const { origin, pathname, search } = new URL(url);
  const dispatcher = await createDispatcher(egress);
  try {
    const answer = await dispatcher.request({
      origin,
      path: pathname + search,
      method: 'GET',
      headersTimeout: 15_000,
      bodyTimeout: 15_000,
      signal,
    });
    if (answer.statusCode !== 200) {
      const kind = answer.statusCode >= 500 ? TemporaryError : UserError;
      throw new kind(
        'mongodb-certificate-unreachable',
        `The certificate's URL answered with ${answer.statusCode}.`,
        {
          field: 'certificate',
          remedy: 'Open the URL in a browser: it must show the certificate without a sign-in.',
        },
      );
    }
    return await readAll(answer.body as AsyncIterable<Buffer>);
  } catch (error) {
    signal.throwIfAborted();
    throw unreachable(error);
  } finally {
    await dispatcher.destroy();
  }
}

/** A paste in one line has spaces where the line ends were. */
function repaired(text: string): string {
  return text
    .trim()
    .replace(/-----BEGIN CERTIFICATE-----\s*([^-]+?)\s*-----END CERTIFICATE-----/g, (_, body: string) => {
      const lines = body.replaceAll(/\s+/g, '').replaceAll(/(.{64})/g, '$1\n');
      return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
    });
}

/**
 * The PEM of the CA certificate that the credentials give, or undefined when they give none.
 * Throws `mongodb-certificate-unreadable` (UserError), `mongodb-certificate-unreachable`.
 */
export async function caCertificate(
  credentials: MongoCredentials,
  egress: Egress,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { certificateFormat, certificate = '' } = credentials;
  if (certificateFormat === 'noCertificate') return undefined;
  const fetched =
    certificateFormat === 'url' ? await download(certificate.trim(), egress, signal) : certificate;
  const pem = repaired(fetched);
  try {
    void new X509Certificate(pem);
  } catch (error) {
    throw unreadable('it is not a certificate in PEM form', error);
  }
  return pem;
}
