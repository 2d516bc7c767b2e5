import type { Job } from '../../connector/contract.ts';
import { type NameContext, renderName } from '../../dataset/name-template.ts';
import { UserError } from '../../errors.ts';
import type { MongoDetails, credentialFields, detailFields } from './mongodb-fields.ts';

/** MongoDB 4.4 and later: database, dot and collection together. */
const maxBytes = 255;

function whyNot(database: string, name: string): string | undefined {
  if (name === '') return 'it is empty';
  if (name.includes('\0')) return 'it holds a NUL character';
  if (name.includes('$')) return 'it holds "$"';
  if (name.startsWith('system.')) return 'it begins with "system."';
  if (name.startsWith('.') || name.endsWith('.')) return 'it begins or ends with a dot';
  const bytes = Buffer.byteLength(`${database}.${name}`);
  if (bytes > maxBytes) return `with the database's name it has ${bytes} bytes, and ${maxBytes} are allowed`;
  return undefined;
}

/**
 * Refuses what MongoDB refuses as a collection's name. Throws UserError `mongodb-collection-name-not-allowed`.
 * The rule: https://www.mongodb.com/docs/manual/reference/limits/#naming-restrictions
 */
export function checkCollectionName(database: string, name: string): void {
  const reason = whyNot(database, name);
  if (reason === undefined) return;
  throw new UserError(
    'mongodb-collection-name-not-allowed',
    `The collection cannot be called "${name}": ${reason}.`,
    {
      field: 'customCollectionName',
      remedy:
        'Choose Custom Name and enter one that is not empty, has no "$" and no NUL character, does not begin with "system.", ' +
        'does not begin or end with a dot, and has at most 255 bytes together with the name of the database.',
    },
  );
}

/** The collection's name as the details and the run make it, checked. */
export function collectionName(job: Job<typeof credentialFields, typeof detailFields>): string {
  const context = { dataset: job.dataset, run: job.run, timeZone: job.writeback.timeZone };
  const name = nameOf(job.details, context);
  checkCollectionName(job.credentials.databaseName, name);
  return name;
}

function nameOf(details: MongoDetails, context: NameContext): string {
  if (details.collectionNameSource === 'datasetId') return context.dataset.id;
  if (details.collectionNameSource === 'datasetName') return context.dataset.name;
  return renderName(details.customCollectionName ?? '', context);
}
