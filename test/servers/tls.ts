import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Where `makeCertificates` put its files; all PEM. */
export interface Certificates {
  /** The CA that clients must be told to trust. */
  readonly caFile: string;
  /** The server's certificate, for `localhost` and `127.0.0.1`. */
  readonly certFile: string;
  readonly keyFile: string;
}

const caExtensions = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign'];
const serverExtensions =
  'subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n';

// Elliptic keys: made in milliseconds, where RSA takes up to a second on a busy machine.
const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** Writes an own CA and a server certificate signed by it into `dir` (which must exist), by the openssl command. */
export async function makeCertificates(dir: string): Promise<Certificates> {
  const openssl = (...args: string[]) => run('openssl', args, { cwd: dir });
  const extensions = caExtensions.flatMap((extension) => ['-addext', extension]);
  await writeFile(join(dir, 'server.ext'), serverExtensions);
  const ca = [
    '-days',
    '2',
    '-subj',
    '/CN=Writeback test CA',
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
    ...extensions,
  ];
  await openssl('req', '-x509', ...newKey, ...ca);
  await openssl('req', ...newKey, '-subj', '/CN=localhost', '-keyout', 'server.key', '-out', 'server.csr');
  const signing = [
    '-CA',
    'ca.crt',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-days',
    '2',
    '-extfile',
    'server.ext',
  ];
  await openssl('x509', '-req', '-in', 'server.csr', ...signing, '-out', 'server.crt');
  return { caFile: join(dir, 'ca.crt'), certFile: join(dir, 'server.crt'), keyFile: join(dir, 'server.key') };
}

/** PEM texts for a TLS server on this machine. */
export interface TestTls extends Certificates {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** Removes the files. */
  stop(): Promise<void>;
}

/** `makeCertificates` in a temporary folder, read into memory; call `stop` at the end. */
export async function makeTls(): Promise<TestTls> {
  const dir = await mkdtemp(join(tmpdir(), 'writeback-tls-'));
  const files = await makeCertificates(dir);
  const [ca, cert, key] = await Promise.all(
    [files.caFile, files.certFile, files.keyFile].map((file) => readFile(file, 'utf8')),
  );
  if (!ca || !cert || !key) throw new Error('openssl wrote an empty file');
  return { ...files, ca, cert, key, stop: () => rm(dir, { recursive: true, force: true }) };
}
