import type { BatchConnector, Connector, FileConnector } from '../connector/contract.ts';
import type { Delivered } from '../connector/deliver.ts';

const sentence = 'Dry run: everything was read and encoded, and nothing was written.';

function dryFiles(connector: FileConnector): FileConnector {
  return {
    ...connector,
    isCurrent: async () => false,
    delegate: () => undefined,
    parts: undefined,
    async write({ files, warn }) {
      for await (const { body } of files) for await (const _ of body);
      warn(sentence);
      return [];
    },
  };
}

function dryBatches(connector: BatchConnector): BatchConnector {
  return {
    ...connector,
    parts: undefined,
    async write({ batches, reject, truncated, warn }) {
      let bytes = 0;
      for await (const batch of batches) {
        const encoded = batch.jsonl({ nulls: 'null', fieldNames: 'replace', strict: false });
        for (const { row, reason, column } of encoded.rejected) reject(row, reason, column);
        truncated(encoded.truncated);
        bytes += encoded.bytes.length;
      }
      warn(sentence);
      return { location: '', rowsWritten: 0, bytes };
    },
  };
}

/**
 * The same connector for a dry run: it pulls and encodes every row, so that what is wrong with them shows, and opens no
 * connection to the destination.
 */
export function dryConnector(connector: Connector): Connector {
  return connector.accepts === 'file' ? dryFiles(connector) : dryBatches(connector);
}

/** What a dry run moved: nothing. Files and bytes tell what would have been written. */
export function dryDelivered(delivered: Delivered): Delivered {
  return { ...delivered, location: [], rowsWritten: 0 };
}
