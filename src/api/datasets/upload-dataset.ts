import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Contract } from '../../contract/contract.ts';
import type { Upload } from '../../contract/endpoint.ts';
import { UserError } from '../../errors.ts';
import type { Db } from '../../store/database.ts';
import { insertLocalDataset, updateLocalDataset } from '../../store/local-dataset.ts';
import { newId } from '../../store/new-id.ts';
import { audited } from '../audited.ts';
import { Refusal } from '../problem.ts';
import type { Handler } from '../serve.ts';
import { datasetAnswer } from './dataset-answer.ts';
import { type DatasetFolder, receiveFile, sweepDatasetFiles } from './dataset-files.ts';
import { inspectFile } from './inspect-file.ts';
import { reachDataset } from './reach-dataset.ts';

/** What the handlers of local DataSets work with. */
export interface DatasetParts extends DatasetFolder {
  readonly db: Db;
}

/** The columns of a row that follow from its file. */
interface FileFacts {
  readonly file: string;
  readonly columns: string;
  readonly rowCount: number;
  readonly byteCount: number;
}

/** Receives a file and looks into it, then does what makes it somebody's; when that fails, the file is gone again. */
async function withUpload<T>(
  parts: DatasetParts,
  upload: Upload,
  name: string,
  signal: AbortSignal,
  use: (facts: FileFacts) => Promise<T>,
): Promise<T> {
  const { db, dataFolder } = parts;
  await sweepDatasetFiles(db, dataFolder);
  const file = await receiveFile(upload, parts);
  const path = join(dataFolder, file);
  let isNamed = false;
  try {
    const { columns, rows } = await inspectFile({ dataFolder, file, name }, signal);
    const { size: byteCount } = await stat(path);
    isNamed = true;
    return await use({ file, columns: JSON.stringify(columns), rowCount: rows, byteCount });
  } catch (error) {
    // The database may have saved the file's name and then gone away: if not, the file is swept later.
    if (!isNamed || error instanceof Refusal || error instanceof UserError) await rm(path, { force: true });
    throw error;
  }
}

const upload =
  (parts: DatasetParts): Handler<Contract['uploadDataset']> =>
  async ({ query: { name }, body }, { caller, signal }) =>
    withUpload(parts, body, name, signal, async (facts) => {
      const id = newId('dataset');
      const { rowCount: rows, byteCount: bytes } = facts;
      const deed = {
        actor: caller!.personId,
        action: 'dataset.upload',
        target: id,
        details: { name, rows, bytes },
      };
      return audited(parts.db, deed, async (transaction) =>
        datasetAnswer(
          await insertLocalDataset(transaction, { id, name, ownerId: caller!.personId, ...facts }),
        ),
      );
    });

/** The old file stays for a while: a run may be reading it. */
const replace =
  (parts: DatasetParts): Handler<Contract['replaceDataset']> =>
  async ({ params: { id }, body }, { caller, signal }) => {
    const { name } = await reachDataset(parts.db, caller!, id);
    return withUpload(parts, body, name, signal, async (facts) => {
      const { rowCount: rows, byteCount: bytes } = facts;
      const deed = {
        actor: caller!.personId,
        action: 'dataset.replace',
        target: id,
        details: { rows, bytes },
      };
      return audited(parts.db, deed, async (transaction) => {
        await reachDataset(transaction, caller!, id);
        const changed = await updateLocalDataset(transaction, id, facts);
        if (!changed) throw new UserError('dataset-not-found', 'The DataSet was deleted meanwhile.');
        return datasetAnswer(changed);
      });
    });
  };

/** Files that become DataSets. */
export const uploadHandlers = (parts: DatasetParts) => ({
  uploadDataset: upload(parts),
  replaceDataset: replace(parts),
});
