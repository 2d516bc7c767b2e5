import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type Document, LineCounter, isMap, isNode, parseDocument } from 'yaml';
import type { Registry } from '../connector/registry.ts';
import { UserError, restated } from '../errors.ts';
import type { Fields } from '../field/field.ts';
import type { Log } from '../log.ts';
import { hideSecrets } from '../run/hide-secrets.ts';
import { domoSourceFields, localSourceFields } from '../source/source-fields.ts';
import { type Writeback, checkWriteback } from '../run/writeback.ts';
import { resolveValues } from './resolve-values.ts';

/** A YAML file as it was read, with the places of its values. */
export interface YamlFile {
  readonly path: string;
  readonly document: Document;
  readonly lines: LineCounter;
}

/** The line of a path such as `details.filename`, or of the nearest thing above it that exists. */
function lineOf({ document, lines }: YamlFile, path: readonly string[]): number {
  for (let depth = path.length; depth > 0; depth -= 1) {
    const parent = document.getIn(path.slice(0, depth - 1), true) ?? document.contents;
    const pair = isMap(parent) && parent.items.find(({ key }) => String(key) === path[depth - 1]);
    const start = pair && isNode(pair.key) ? pair.key.range?.[0] : undefined;
    if (start !== undefined) return lines.linePos(start).line;
  }
  return 1;
}

/** Tells an error with the file and line of its field in front. */
export function placed(yaml: YamlFile, error: UserError): UserError {
  const line = lineOf(yaml, error.field?.split('.') ?? []);
  const field = error.field === undefined ? '' : ` ${error.field}:`;
  return restated(error, `${yaml.path}:${line}:${field} ${error.message}`, error.field);
}

/** Throws UserErrors `writeback-file-unreadable` and `writeback-yaml`. */
export async function parseYaml(path: string): Promise<YamlFile> {
  const lines = new LineCounter();
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new UserError(
      'writeback-file-unreadable',
      `The file ${path} cannot be read: ${(cause as Error).message}.`,
      { cause },
    );
  });
  const document = parseDocument(text, { lineCounter: lines });
  const [error] = document.errors;
  if (error) {
    const [where] = error.linePos ?? [{ line: 1 }];
    const [sentence] = error.message.split('\n');
    throw new UserError('writeback-yaml', `${path}:${where.line}: this is not YAML: ${sentence}`, {
      cause: error,
    });
  }
  return { path, document, lines };
}

/** Which fields each group of a file has. */
function panesOf(raw: Record<string, unknown>, registry: Registry): [string, Fields][] {
  const source: Fields = { ...localSourceFields, ...domoSourceFields };
  if (raw['connector'] === 'domo') return [['credentials', source]];
  const connector = registry.list().find(({ id }) => id === raw['connector']);
  if (!connector) return [['source', source]];
  return [
    ['source', source],
    ['credentials', connector.credentials],
    ['details', connector.details],
  ];
}

/** A secret typed into the file would end in version control: it has to come from the environment or another file. */
function refuseTypedSecrets(raw: Record<string, unknown>, registry: Registry): void {
  const panes = panesOf(raw, registry);
  for (const [pane, fields] of panes) {
    for (const [id, value] of Object.entries((raw[pane] as Record<string, unknown> | null) ?? {})) {
      if (fields[id]?.type !== 'secret' || typeof value !== 'string' || value.includes('${')) continue;
      throw new UserError(
        'writeback-secret-typed',
        `"${fields[id].label}" stands in the file in plain text.`,
        {
          field: `${pane}.${id}`,
          remedy: 'Write ${NAME} to take it from the environment, or { file: path } to take it from a file.',
        },
      );
    }
  }
}

/** The group of fields that a file holds, its `${NAME}` and `{ file }` followed. Throws UserErrors `writeback-…`. */
export async function resolvedGroup(
  { document, path }: YamlFile,
  registry: Registry,
): Promise<Record<string, unknown>> {
  const raw = document.toJS() as unknown;
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    throw new UserError('writeback-invalid', 'This is not a writeback: it must be a group of fields.');
  }
  const group = raw as Record<string, unknown>;
  refuseTypedSecrets(group, registry);
  return resolveValues(group, dirname(resolve(path)));
}

/** Reads and checks a writeback; from then on its secrets are hidden. Throws UserError whose sentence begins with `file:line:`. */
export async function loadWriteback(
  path: string,
  { registry, log }: { readonly registry: Registry; readonly log: Pick<Log, 'hide'> },
): Promise<Writeback> {
  const yaml = await parseYaml(path);
  try {
    const resolved = await resolvedGroup(yaml, registry);
    const writeback = localPath(checkWriteback(resolved, registry), path);
    hideSecrets(writeback, registry, log);
    return writeback;
  } catch (error) {
    throw error instanceof UserError ? placed(yaml, error) : error;
  }
}

/** The path of a local source lies relative to the YAML file, so that the command works from any folder. */
function localPath(writeback: Writeback, path: string): Writeback {
  const { source } = writeback;
  if (source.kind !== 'local') return writeback;
  const values = { ...source.values, path: resolve(dirname(resolve(path)), source.values.path) };
  return { ...writeback, source: { ...source, values } };
}
