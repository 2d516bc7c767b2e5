import { conformance } from '../../connector/conformance.ts';
import { missing, s3Kinds } from '../../../test/servers/s3-servers.ts';
import { s3Target } from './s3-unload-target.ts';
import { after } from 'node:test';

for (const kind of s3Kinds()) {
  const server = await kind.start();
  if (!server) {
    missing(kind.name);
    continue;
  }
  // One server for all tests of the kit: each target has a path of its own.
  after(() => server.stop());
  conformance(`s3-unload on ${kind.name}`, async () => s3Target({ ...server, stop: async () => {} }));
}
