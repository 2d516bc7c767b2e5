import { join } from 'node:path';
import type { Timed } from './measure.ts';
import { mixedColumns } from '../test/data/mixed-rows.ts';
import type { Sinks } from './sinks.ts';

/** One way of a DataSet to a destination: our command, and what a user would run instead. */
export interface Path {
  readonly name: string;
  readonly writeback: { readonly connector: string; readonly credentials: object; readonly details: object };
  /** Race the rival with 5 M rows too: start-up is no part of a transport's speed. */
  readonly large?: boolean;
  /** Upper limit of our peak memory in MB. */
  readonly limitMb: number;
  readonly rival?: { readonly name: string; readonly atLeast: number; timed(csv: string): Timed };
}

const here = new URL('.', import.meta.url).pathname;

/** Secrets that our command takes from the environment. */
export function environmentOf({ s3, dataWorld, sftp, sshd }: Sinks): Record<string, string> {
  return {
    BENCH_PASSWORD: 'loader-password',
    BENCH_S3_SECRET: s3.secretKey,
    BENCH_TOKEN: dataWorld.token,
    BENCH_SFTP_PASSWORD: sftp.password ?? '',
    BENCH_KEY_FILE: sshd?.keyFile ?? '',
  };
}

function mongodbPath({ mongo }: Sinks): Path {
  const credentials = {
    host: mongo.host,
    databasePort: mongo.port,
    username: 'loader',
    password: '${BENCH_PASSWORD}',
    databaseName: 'bench',
  };
  const naive = (csv: string) => ({
    command: process.execPath,
    words: [join(here, 'naive-mongodb.ts'), csv, mongo.uri],
  });
  return {
    name: 'mongodb',
    writeback: {
      connector: 'mongodb',
      credentials,
      details: { collectionNameSource: 'customName', customCollectionName: 'ours', writeMode: 'append' },
    },
    limitMb: 250,
    rival: { name: 'csv-parse + insertMany', atLeast: 6, timed: naive },
  };
}

function s3Path({ s3 }: Sinks, name: string, details: object, limitMb: number, rival: boolean): Path {
  const { accessKey, bucket, region, endpoint } = s3;
  const credentials = {
    accessKey,
    secretKey: '${BENCH_S3_SECRET}',
    bucket,
    region,
    endpoint,
    pathStyle: true,
  };
  const environment = {
    AWS_ACCESS_KEY_ID: accessKey,
    AWS_SECRET_ACCESS_KEY: s3.secretKey,
    AWS_DEFAULT_REGION: region,
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  const timed = (csv: string): Timed => ({
    command: 'aws',
    words: ['--endpoint-url', endpoint, 's3', 'cp', '-', `s3://${bucket}/aws.csv`],
    environment,
    input: csv,
  });
  return {
    name,
    writeback: {
      connector: 's3-unload',
      credentials,
      details: { path: 'bench', fileName: 'ours', ...details },
    },
    limitMb,
    large: rival,
    ...(rival && { rival: { name: 'aws s3 cp -', atLeast: 1, timed } }),
  };
}

function sftpPath({ sftp, sshd }: Sinks): Path {
  const { host, port, username, hostKeyFingerprint: hostKey } = sftp;
  const secret = sshd ? { sshPrivateKey: { file: sshd.keyFile } } : { password: '${BENCH_SFTP_PASSWORD}' };
  const options = [
    'StrictHostKeyChecking=no',
    'UserKnownHostsFile=/dev/null',
    'IdentitiesOnly=yes',
    'LogLevel=ERROR',
  ];
  const words = (csv: string) => [
    '-c',
    `echo "put ${csv} rival.csv" | exec sftp -q -b - -P ${port} -i ${sshd?.keyFile} ${options.map((option) => `-o ${option}`).join(' ')} ${username}@${host}`,
  ];
  return {
    name: 'sftp',
    writeback: {
      connector: 'sftp',
      credentials: { hostname: host, port, username, hostKey, ...secret },
      details: { path: '.', selectFilename: 'filename', filename: 'ours' },
    },
    limitMb: 250,
    large: true,
    ...(sshd && {
      rival: {
        name: 'OpenSSH sftp',
        atLeast: 0.8,
        timed: (csv: string) => ({ command: 'sh', words: words(csv) }),
      },
    }),
  };
}

/** All paths that are measured. */
export function pathsTo(sinks: Sinks, folder: string): Path[] {
  const { url, token: _ } = sinks.dataWorld;
  return [
    mongodbPath(sinks),
    s3Path(sinks, 's3-unload', {}, 250, true),
    s3Path(sinks, 's3-unload parquet', { fileFormat: 'parquet', compression: 'zstd' }, 700, false),
    sftpPath(sinks),
    {
      name: 'data-world',
      writeback: {
        connector: 'data-world',
        credentials: { apiToken: '${BENCH_TOKEN}', apiUrl: url },
        details: { dataWorldDataset: 'tester/sandbox', fileName: 'ours' },
      },
      limitMb: 250,
    },
    {
      name: 'folder',
      writeback: { connector: 'folder', credentials: { folder }, details: { fileName: 'ours' } },
      limitMb: 250,
    },
  ];
}

/** The types of the columns, so that nothing is inferred. */
export const columnTypes = Object.fromEntries(mixedColumns.map(({ name, type }) => [name, type]));
