// Runs the far servers in a process of their own, so that their memory and processor time are not counted as ours.
import { startDataWorld } from '../test/servers/data-world-stand-in.ts';
import { startMongo } from '../test/servers/mongo-stand-in.ts';
import { startS3 } from '../test/servers/s3-stand-in.ts';
import { startSftp } from '../test/servers/sftp-stand-in.ts';
import { startSshd } from '../test/servers/sshd.ts';

const mongo = await startMongo({ discard: true, users: [{ name: 'loader', password: 'loader-password' }] });
const s3 = await startS3({ discard: true });
const dataWorld = await startDataWorld({ discard: true });
const sshd = await startSshd();
const sftp = sshd ?? (await startSftp());
const { host, port, username, hostKeyFingerprint } = sftp;

/** What the bench needs to know of them. */
const sinks = {
  mongo: { host: mongo.host, port: mongo.port, uri: mongo.uri },
  s3: {
    endpoint: s3.endpoint,
    region: s3.region,
    bucket: s3.bucket,
    accessKey: s3.accessKey,
    secretKey: s3.secretKey,
  },
  dataWorld: { url: dataWorld.url, token: dataWorld.token },
  sftp: {
    host,
    port,
    username,
    hostKeyFingerprint,
    password: sshd ? undefined : (sftp as { password: string }).password,
  },
  sshd: sshd && { keyFile: sshd.keyFile, directory: sshd.directory },
};
export type Sinks = typeof sinks;

process.send?.(sinks);
process.once('message', () => {
  const servers = [mongo, s3, dataWorld, sftp];
  void Promise.all(servers.map((server) => server.stop())).finally(() => process.disconnect());
});
