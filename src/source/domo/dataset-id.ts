import { UserError } from '../../errors.ts';

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const pasted = /\/datasources\/([0-9a-f-]{36})(?:[/?#]|$)/i;

/** The GUID of a DataSet, typed or within a pasted `…/datasources/<guid>/…` address. Throws UserError `domo-dataset-id-invalid`. */
export function parseDatasetId(text: string): string {
  const id = pasted.exec(text.trim())?.[1] ?? text.trim();
  if (guid.test(id)) return id.toLowerCase();
  throw new UserError('domo-dataset-id-invalid', `“${text}” is not the ID of a Domo DataSet.`, {
    remedy:
      'Open the DataSet in Domo and paste its address, or the ID that stands in it after /datasources/.',
    field: 'datasetId',
  });
}
