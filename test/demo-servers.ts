// `npm run demo:servers`: a Domo API and five destinations on this machine, until Ctrl-C, and a folder of writebacks that use them.
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import type { ConformanceTarget } from '../src/connector/conformance.ts';
import type { Fields } from '../src/field/field.ts';
import { demoDataset, startDemoDomo } from './servers/demo-dataset.ts';
import { ownValues } from './servers/own-values.ts';
import { standInTargets } from './servers/stand-in-targets.ts';

const { values } = parseArgs({ options: { schedule: { type: 'string' } } });
const say = (line = '') => process.stdout.write(`${line}\n`);
const folder = await mkdtemp(join(tmpdir(), 'writeback-demo-'));

/** Writes a secret into a file of its own: a writeback's file takes none in plain text. */
async function secretFile(name: string, secret: string): Promise<{ file: string }> {
  await writeFile(join(folder, name), secret, { mode: 0o600 });
  return { file: name };
}

async function withSecretFiles(name: string, fields: Fields, credentials: Readonly<Record<string, unknown>>) {
  const named = Object.entries(credentials).map(async ([id, value]) => [
    id,
    fields[id]?.type === 'secret' ? await secretFile(`${name}-${id}`, String(value)) : value,
  ]);
  return Object.fromEntries(await Promise.all(named)) as object;
}

async function writeWriteback(source: object, { connector, ...target }: ConformanceTarget): Promise<void> {
  const { credentials, details } = ownValues({ connector, ...target });
  const name = `Orders to ${connector.name}`;
  const writeback = {
    name,
    source,
    connector: connector.id,
    credentials: await withSecretFiles(connector.id, connector.credentials, credentials),
    details,
    ...(values.schedule === undefined
      ? {}
      : { schedule: { every: 'cron', cronExpression: values.schedule } }),
  };
  await writeFile(join(folder, `${connector.id}.yaml`), stringify(writeback));
}

const domo = await startDemoDomo();
const targets = await Promise.all(Object.values(standInTargets).map(async (open) => open()));
try {
  const { clientSecret, ...account } = domo.account;
  const secret = await secretFile('domo-clientSecret', clientSecret);
  const source = { kind: 'domo', ...account, clientSecret: secret, datasetId: demoDataset.id };
  for (const target of targets) await writeWriteback(source, target);
  say(`${folder} has a writeback for each destination. Their servers run until Ctrl-C.`);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
} finally {
  for (const target of targets) await target.close();
  await domo.stop();
  await rm(folder, { recursive: true });
}
