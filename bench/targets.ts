// What a writeback says of each far end.
import type { Sshd } from '../test/servers/sshd.ts';
import type { Far, Rig } from './rig.ts';

/** Connector, credentials and details of a writeback. */
export interface Target {
  readonly connector: string;
  readonly credentials: object;
  readonly details: object;
}

/** Stands for the one secret of all far ends: a file may not hold it in plain text. */
export const secretName = '${BENCH_SECRET}';

/** The name that the S3 far end's certificate is made for. */
export const s3Address = (rig: Rig, secure: boolean): string => {
  const far: Far = secure ? rig.https : rig.http;
  return `${secure ? 'https' : 'http'}://localhost:${far.port}`;
};

/** The root of everything that is PUT without S3. */
export const httpAddress = ({ http }: Rig): string => `http://127.0.0.1:${http.port}`;

export const toMongo = ({ mongo }: Rig): Target => ({
  connector: 'mongodb',
  credentials: {
    host: '127.0.0.1',
    databasePort: mongo.port,
    username: 'loader',
    password: secretName,
    databaseName: 'bench',
  },
  details: { collectionNameSource: 'customName', customCollectionName: 'ours', writeMode: 'append' },
});

export const toS3 = (rig: Rig, details: object = {}, secure = false): Target => ({
  connector: 's3-unload',
  credentials: {
    accessKey: 'BENCHBENCHBENCHBENCH',
    secretKey: secretName,
    bucket: 'bench',
    region: 'eu-west-1',
    endpoint: s3Address(rig, secure),
    pathStyle: true,
    checksums: 'crc32',
  },
  details: { path: 'bench', fileName: 'ours', ...details },
});

export const toSftp = (sshd: Sshd, port: number): Target => ({
  connector: 'sftp',
  credentials: {
    hostname: sshd.host,
    port,
    username: sshd.username,
    hostKey: sshd.hostKeyFingerprint,
    sshPrivateKey: { file: sshd.keyFile },
  },
  details: { path: '.', selectFilename: 'fileName', filename: 'ours' },
});

export const toDataWorld = (rig: Rig): Target => ({
  connector: 'data-world',
  credentials: { apiToken: secretName, apiUrl: httpAddress(rig) },
  details: { dataWorldDataset: 'tester/sandbox', fileName: 'ours' },
});

export const toFolder = (folder: string): Target => ({
  connector: 'folder',
  credentials: { folder },
  details: { fileName: 'ours' },
});
