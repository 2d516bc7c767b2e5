import type { BSON, Db, Document } from 'mongodb';
import type { Log } from '../../log.ts';
import { TemporaryError } from '../../errors.ts';
import { readySequences, sectionDocuments, sequenceSection } from './ready-sequence.ts';

/** One refused document, by its place in the command. */
export interface WriteError {
  readonly index: number;
  readonly code: number;
  readonly errmsg: string;
  readonly keyPattern?: Document;
}

/** Sends ready documents as one unordered write command. Throws the driver's errors for a command that failed as a whole. */
export type Send = (command: 'insert' | 'update', collection: string, documents: Uint8Array) => Promise<Sent>;

export interface Sent {
  /** Bytes of the documents with their section's head. */
  readonly bytes: number;
  readonly errors: readonly WriteError[];
}

const sequenceOf = { insert: 'documents', update: 'updates' } as const;

/** Makes the function that sends. Says in the log when the driver's internals have changed and the slow way is taken. */
export function createSend(db: Db, bson: typeof BSON, log: Log, halt: AbortSignal): Send {
  const make = readySequences();
  if (!make)
    log.warn('The MongoDB driver does not take ready documents; sending them one by one costs more time.');
  return async (command, collection, documents) => {
    const field = sequenceOf[command];
    const section = sequenceSection(field, documents);
    const asObjects = () =>
      sectionDocuments(section).map((one) => bson.deserialize(one, { promoteValues: false }));
    const statement = {
      ordered: false,
      writeConcern: { w: 'majority' },
      [field]: make ? make(section) : asObjects(),
    };
    const reply = await db.command({ [command]: collection, ...statement }, { signal: halt });
    checkWriteConcern(reply);
    return { bytes: section.length, errors: (reply['writeErrors'] ?? []) as WriteError[] };
  };
}

function checkWriteConcern(reply: Document): void {
  const refused = reply['writeConcernError'] as { errmsg?: string } | undefined;
  if (!refused) return;
  throw new TemporaryError(
    'mongodb-not-acknowledged',
    `A majority of the replica set did not confirm: ${refused.errmsg}.`,
    {
      remedy: 'Check the health of the replica set, then run again.',
    },
  );
}
