import { UserError } from '../../errors.ts';
import type { SftpDetails } from './sftp-fields.ts';

const templates = { inputDatasetId: '{dataset.id}', inputDatasetName: '{dataset.name}' } as const;

/** The parts of the folder as typed: no empty ones, no `.`, and `~` is the home folder, where relative paths begin anyway. */
function folderParts(path: string): string[] {
  const parts = path
    .trim()
    .replaceAll('\\', '/')
    .replace(/^~(?=\/|$)/, '')
    .split('/')
    .filter((part) => part !== '' && part !== '.');
  if (!parts.includes('..')) return parts;
  throw new UserError('sftp-path-invalid', 'The path holds “..”, which may lead anywhere.', {
    field: 'path',
    remedy: 'Give the folder from the root (/in/sales) or from the home folder (in/sales).',
  });
}

/** True when the folder counts from the server's root. */
function isAbsolute(path: string): boolean {
  return /^\s*[/\\]/.test(path);
}

/** The template of folder and name, relative: the framework renders both and makes them safe. */
export function nameTemplate(details: SftpDetails): string {
  const typed = details.filename?.trim().replace(/\.csv$/i, '') ?? '';
  const name = details.selectFilename === 'fileName' ? typed : templates[details.selectFilename];
  if (name === '') {
    throw new UserError('sftp-filename-missing', 'No file name is given.', {
      field: 'filename',
      remedy: 'Enter a Filename, or name the file after the DataSet.',
    });
  }
  return [...folderParts(details.path), name].join('/');
}

/** A rendered relative path as the server must be told it. */
export function remotePath(details: SftpDetails, rendered: string): string {
  return isAbsolute(details.path) ? `/${rendered}` : rendered;
}

/** The folder before its first placeholder: what a connection test can look at without a run. `.` is the home folder. */
export function fixedFolder(details: SftpDetails): string {
  const parts = folderParts(details.path);
  const first = parts.findIndex((part) => /[{<]/.test(part));
  const fixed = (first === -1 ? parts : parts.slice(0, first)).join('/');
  return isAbsolute(details.path) ? `/${fixed}` : fixed || '.';
}

/** The folder of a path; `.` when it has none. */
export function folderOf(path: string): string {
  const end = path.lastIndexOf('/');
  return end > 0 ? path.slice(0, end) : end === 0 ? '/' : '.';
}

/** A name in a folder. */
export function inFolder(folder: string, name: string): string {
  if (folder === '.') return name;
  return folder.endsWith('/') ? folder + name : `${folder}/${name}`;
}
