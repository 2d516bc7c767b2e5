import { UserError } from '../../errors.ts';
import type { Values } from '../../field/field.ts';
import type { DataWorldDetails } from './data-world-fields.ts';

/** The API's schema: 1 to 128 characters, no slash. */
const longest = 128;

const suffixes = { none: '', appendDate: '_{MM}-{dd}-{yyyy}', appendNumber: '_{run.number}' } as const;

/** The template of the file's name without extension; a selected file, or a typed one all the same, may bring its own. */
export function fileNameTemplate(details: Values<DataWorldDetails>): string {
  const chosen = details.selectFileNameMethod === 'selectFile' ? details.files : details.fileName;
  const base = (chosen ?? '').replace(/\.(csv|tsv|jsonl|parquet)(\.(gz|zst|zip))?$/i, '');
  return base + suffixes[details.appendDateOrNumberToFilename];
}

/** Throws UserError `data-world-file-name` for a name that data.world cannot have. */
export function checkFileName(name: string, details: Values<DataWorldDetails>): void {
  const why = name.includes('/')
    ? 'it holds a slash'
    : name.length > longest
      ? `it is longer than ${longest} characters`
      : undefined;
  if (why === undefined) return;
  throw new UserError('data-world-file-name', `data.world takes no file called "${name}": ${why}.`, {
    field: details.selectFileNameMethod === 'selectFile' ? 'files' : 'fileName',
    remedy: `Use a name of 1 to ${longest} characters without slashes.`,
  });
}
