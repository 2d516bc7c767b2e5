import type { BSON, Db, Document } from 'mongodb';
import { TemporaryError } from '../../errors.ts';
import { type Piece, documentOf } from './pieces.ts';
import type { ReadyDocuments } from './ready-documents.ts';

/** One refused document, by its place in the command. */
export interface WriteError {
  readonly index: number;
  readonly code: number;
  readonly errmsg: string;
  readonly keyPattern?: Document;
}

/** Sends documents as one unordered write command. Throws the driver's errors for a command that failed as a whole. */
export type Send = (
  command: 'insert' | 'update',
  collection: string,
  piece: Piece,
) => Promise<readonly WriteError[]>;

/** What sends. */
export interface Sending {
  readonly db: Db;
  readonly bson: typeof BSON;
  /** Ends commands that are in flight. */
  readonly halt: AbortSignal;
  /** Without it each document becomes an object, by the driver's public way. */
  readonly ready: ReadyDocuments | undefined;
}

const sequenceOf = { insert: 'documents', update: 'updates' } as const;

/** Makes the function that sends. */
export function createSend({ db, bson, halt, ready }: Sending): Send {
  const asObjects = (piece: Piece) =>
    Array.from(piece.ends, (_, index) =>
      bson.deserialize(documentOf(piece, index), { promoteValues: false }),
    );
  return async (command, collection, piece) => {
    const field = sequenceOf[command];
    const statement = {
      ordered: false,
      writeConcern: { w: 'majority' },
      [field]: ready ? ready.sequence(field, piece.documents) : asObjects(piece),
    };
    const reply = await db.command({ [command]: collection, ...statement }, { signal: halt });
    checkWriteConcern(reply);
    return (reply['writeErrors'] ?? []) as WriteError[];
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
