import { conformance } from '../../connector/conformance.ts';
import { missing, s3Kinds } from '../../../test/servers/s3-servers.ts';
import { s3Target } from '../../../test/servers/s3-target.ts';
import { ways } from '../../../test/servers/s3-trial.ts';
import { after } from 'node:test';

for (const [index, kind] of s3Kinds().entries()) {
  const server = await kind.start();
  if (!server) {
    missing(kind.name);
    continue;
  }
  // One server for all tests of the kit: each target has a path of its own.
  after(() => server.stop());
  // The SDK's parts only once: the rest is the same, and the cut connections take their time.
  for (const { title, connector } of index === 0 ? ways : ways.slice(0, 1)) {
    const name = `s3-unload on ${kind.name}, ${title}`;
    conformance(name, async () => s3Target({ ...server, stop: async () => {} }, connector));
  }
}
