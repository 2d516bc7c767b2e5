import type { Data } from './data.ts';
import { benchSecret } from './far/far.ts';
import { downloadUrl, fromFile, fromHttp, oursTo } from './ours.ts';
import type { Path, Rival } from './path.ts';
import type { Rig } from './rig.ts';
import { pipe } from './shell.ts';
import { s3Address, toS3 } from './targets.ts';

const aws = (rig: Rig, secure = false) =>
  `aws --endpoint-url ${s3Address(rig, secure)} s3 cp --quiet - s3://bench/rival.csv`;
const awsEnvironment = (rig: Rig) => ({
  AWS_ACCESS_KEY_ID: 'BENCHBENCHBENCHBENCH',
  AWS_SECRET_ACCESS_KEY: benchSecret,
  AWS_DEFAULT_REGION: 'eu-west-1',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_CA_BUNDLE: rig.tls.caFile,
});

/** `before` feeds aws's standard input. */
const intoAws = (
  rig: Rig,
  name: string,
  tools: string[],
  before: (data: Data) => string,
  secure = false,
): Rival => ({
  name,
  tools: ['aws', ...tools],
  timed: (data) => pipe(`${before(data)} ${aws(rig, secure)}`, awsEnvironment(rig)),
  // With its own checksums inside the body.
  other: true,
});

const file = ({ csv }: Data) => `exec <${csv}; exec`;

function plain(rig: Rig, secure: boolean): Path {
  const far = secure ? rig.https : rig.http;
  const url = `${s3Address(rig, secure)}/bench/curl.csv`;
  const curl = ({ csv }: Data) => pipe(`exec curl -sSf --cacert ${rig.tls.caFile} -T ${csv} ${url}`);
  const name = secure ? 'file-s3-tls' : 'file-s3';
  return {
    name,
    title: secure ? 'file → S3, TLS' : 'file → S3',
    rows: 'ten million',
    ours: oursTo(rig, name, fromFile, toS3(rig, {}, secure)),
    rivals: [
      intoAws(rig, 'aws s3 cp -', [], file, secure),
      { name: 'curl -T (no S3)', tools: ['curl'], timed: curl, onlyFull: !secure },
    ],
    lines: [
      { kind: 'speed', beside: ['aws s3 cp -'], atLeast: secure ? 1.8 : 2.2, quick: 1 },
      ...(secure ? [{ kind: 'speed', beside: ['curl -T (no S3)'], atLeast: 0.8, quick: 0.1 } as const] : []),
    ],
    arrived: far.arrived,
    expects: 'file',
    growth: !secure,
  };
}

function overHttp(rig: Rig): Path {
  const put = `curl -sSf -T - ${s3Address(rig, false)}/bench/curl.csv`;
  const curl = (data: Data) => pipe(`curl -sSf ${downloadUrl(rig, data)} | ${put}`);
  return {
    name: 'http-s3',
    title: 'HTTP → S3',
    rows: 'ten million',
    ours: oursTo(rig, 'http-s3', fromHttp(rig), toS3(rig)),
    rivals: [
      intoAws(rig, 'curl | aws s3 cp -', ['curl'], (data) => `curl -sSf ${downloadUrl(rig, data)} |`),
      { name: 'curl | curl -T - (no S3)', tools: ['curl'], timed: curl },
    ],
    lines: [
      { kind: 'speed', beside: ['curl | aws s3 cp -'], atLeast: 1.3, quick: 0.8 },
      { kind: 'speed', beside: ['curl | curl -T - (no S3)'], atLeast: 0.8, quick: 0.1 },
      { kind: 'peak MB', atMost: 250 },
    ],
    arrived: rig.http.arrived,
    expects: 'file',
    growth: true,
  };
}

function compressed(rig: Rig, compression: string, tool: string, words: string, atLeast: number): Path {
  const name = `${compression}-s3`;
  const rival = `${words} | aws s3 cp -`;
  return {
    name,
    title: `${compression} → S3`,
    rows: 'million',
    ours: oursTo(rig, name, fromFile, toS3(rig, { compression })),
    rivals: [intoAws(rig, rival, [tool], ({ csv }) => `${words} -c ${csv} |`)],
    lines: [{ kind: 'speed', beside: [rival], atLeast, quick: 0.8 }],
    arrived: rig.http.arrived,
    expects: 'something',
  };
}

function parquet(rig: Rig): Path {
  return {
    name: 'parquet-s3',
    title: 'Parquet → S3',
    rows: 'ten million',
    ours: oursTo(rig, 'parquet-s3', fromFile, toS3(rig, { fileFormat: 'parquet' })),
    rivals: [],
    lines: [
      { kind: 'rows/s', atLeast: 500_000 },
      { kind: 'peak MB', atMost: 700 },
    ],
    arrived: rig.http.arrived,
    expects: 'something',
    growth: true,
  };
}

/** Everything that ends in S3. */
export const s3Paths = (rig: Rig): Path[] => [
  plain(rig, false),
  plain(rig, true),
  overHttp(rig),
  compressed(rig, 'gzip', 'pigz', 'pigz -6', 1.05),
  compressed(rig, 'zstd', 'zstd', 'zstd -q -3 -T2', 1.1),
  parquet(rig),
];
