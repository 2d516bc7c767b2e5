import type { ConformanceTarget } from '../../src/connector/conformance.ts';
import { dataWorldTarget } from './data-world-target.ts';
import { folderTarget } from './folder-target.ts';
import { startMongo } from './mongo-stand-in.ts';
import { mongoTarget } from './mongo-target.ts';
import { startS3 } from './s3-stand-in.ts';
import { s3Target } from './s3-target.ts';
import { sftpTarget, standInServer } from './sftp-target.ts';

/** A target that takes its server with it when it is closed. */
function owning(target: ConformanceTarget, server: { stop(): Promise<void> }): ConformanceTarget {
  const close = async () => {
    await target.close();
    await server.stop();
  };
  return { ...target, close };
}

async function mongodb(): Promise<ConformanceTarget> {
  const user = { name: 'loader', password: 'loader-password' };
  const server = await startMongo({ users: [user] });
  return owning(await mongoTarget({ host: server.host, port: server.port, user }), server);
}

async function sftp(): Promise<ConformanceTarget> {
  const server = await standInServer();
  return owning(sftpTarget(server), server);
}

/** Every destination on a stand-in of its own, with an empty place to write into; nothing needs to be installed. */
export const standInTargets: Readonly<Record<string, () => Promise<ConformanceTarget>>> = {
  mongodb,
  's3-unload': async () => s3Target(await startS3()),
  sftp,
  'data-world': () => dataWorldTarget(),
  folder: folderTarget,
};
