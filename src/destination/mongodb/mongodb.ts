import { type BatchReceipt, type Connector, defineConnector } from '../../connector/contract.ts';
import { append } from './append.ts';
import { checkFields } from './check-fields.ts';
import { serverAddress, withClient } from './client.ts';
import { credentialFields, detailFields } from './mongodb-fields.ts';
import { type ReadyDocuments, readyDocuments } from './ready-documents.ts';
import { replace } from './replace.ts';
import { beginInParts, discardInParts, insertPart, publishInParts } from './replace-in-parts.ts';
import { testConnection } from './test-connection.ts';
import { mirror, upsert } from './upsert.ts';
import { type MongoJob, type Place, type Writing, type Written, createWriting, placeOf } from './writing.ts';

const modes = { replace, append, upsert, mirror };

/** Replace and Mirror stand for the whole DataSet. */
const rewriting = { replace: 'never', append: 'always', upsert: 'whileNewest', mirror: 'never' } as const;

const icon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="24" height="24" fill="currentColor">' +
  '<path d="M12 1c3.6 4.3 5.5 7.5 5.5 11 0 3.8-2.1 6.7-4.8 8.2L12.3 23h-.6l-.4-2.800C8.600 18.700 6.500 15.800 6.500 12 6.500 8.500 8.400 5.300 12 1z"/></svg>';

const withPlace = <T>(job: Place['job'], use: (place: Place) => Promise<T>): Promise<T> =>
  withClient(job, undefined, async (client) => use(await placeOf(job, client)));

const withWriting = <T>(
  job: MongoJob,
  ready: ReadyDocuments | undefined,
  use: (writing: Writing) => Promise<T>,
): Promise<T> =>
  withClient(job, ready, async (client, ends) => use(await createWriting(job, client, ends, ready)));

function receiptOf({ job, name }: Place, { rows, bytes }: Written): BatchReceipt {
  const { credentials } = job;
  const location = `mongodb://${serverAddress(credentials)}/${credentials.databaseName}.${name}`;
  return { location, rowsWritten: rows, bytes };
}

/** The connector on a driver that takes ready documents, or on any driver when `ready` answers with undefined. */
export function mongodbConnectorOn(ready: () => ReadyDocuments | undefined): Connector {
  return defineConnector({
    id: 'mongodb',
    name: 'MongoDB',
    summary:
      'Writes the rows as typed documents into a MongoDB collection: replaced whole, appended, upserted or mirrored.',
    icon,
    accepts: 'batches',
    credentials: credentialFields,
    details: detailFields,
    check: checkFields,
    testConnection,
    rewritesRows: ({ writeMode }) => rewriting[writeMode],
    write: (job) =>
      withWriting(job, ready(), async (writing) =>
        receiptOf(writing, await modes[job.details.writeMode](writing)),
      ),
    parts: {
      cut: ({ writeMode, splitColumn, parts }) =>
        writeMode === 'replace' && splitColumn !== undefined ? { key: splitColumn, count: parts } : undefined,
      begin: (job) => withPlace(job, beginInParts),
      write: (job, part) =>
        withWriting(job, ready(), async (writing) => {
          const { written, held } = await insertPart(writing, part);
          return { receipt: receiptOf(writing, written), held };
        }),
      publish: (job, held) => withPlace(job, (place) => publishInParts(place, held)),
      discard: (job) => withPlace(job, discardInParts),
    },
  });
}

/** MongoDB: rows become typed documents of a collection. */
export const mongodbConnector = mongodbConnectorOn(() => readyDocuments());
