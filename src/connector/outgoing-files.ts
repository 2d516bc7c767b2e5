import { crc32 } from 'node:zlib';
import { renderPath, hasPlaceholder, type NameContext } from '../dataset/name-template.ts';
import type { CsvBytes } from '../dataset/dataset.ts';
import type { Values } from '../field/field.ts';
import type { FileConnector, FileFacts, OutgoingFile } from './contract.ts';
import { splitCsv } from './csv-split.ts';
import type { Delivery, Terms } from './deliver.ts';
import { type FileFormat, fileFormatOf } from './file-format.ts';
import type { fileOptions } from './file-options.ts';
import type { Tally } from './tally.ts';

/** Names, formats and counts the files of one delivery. */
export interface FilePlan {
  readonly format: FileFormat;
  readonly splitBytes: number | undefined;
  readonly manifest: boolean;
  /** The path of a data file; `part` from 1 when there are several. */
  path(part?: number): string;
  readonly manifestPath: string;
}

function contextOf({ opened, run, writeback }: Terms): NameContext {
  return { dataset: opened.dataset, run, timeZone: writeback.timeZone };
}

/** What the details say about the files, worked out once. Throws UserError for names and options that cannot be. */
export function planFiles(delivery: Terms, connector: FileConnector, severalParts: boolean): FilePlan {
  const options = delivery.details as Values<typeof fileOptions>;
  const format = fileFormatOf(options, connector.guardFirstHash);
  const several = severalParts || options.splitSize !== undefined;
  const base = connector.fileName(delivery.details as never);
  const template = several && !hasPlaceholder(base, 'part') ? `${base}_{part}` : base;
  const context = contextOf(delivery);
  return {
    format,
    splitBytes: options.splitSize === undefined ? undefined : options.splitSize * 1_000_000,
    manifest: options.manifest,
    path: (part) =>
      renderPath(`${template}.${format.extension}`, part === undefined ? context : { ...context, part }),
    manifestPath: renderPath(`${base.replaceAll('{part}', 'all')}.manifest.json`, context),
  };
}

/** A file whose bytes are counted and summed as they pass; `countRows` is asked at their end. */
function measured(file: Omit<OutgoingFile, 'facts'>, countRows: () => number): OutgoingFile {
  let sum = 0;
  let bytes = 0;
  let rows = 0;
  async function* body() {
    for await (const chunk of file.body) {
      sum = crc32(chunk, sum);
      bytes += chunk.length;
      yield chunk;
    }
    rows = countRows();
  }
  const facts = (): FileFacts => ({ rows, bytes, crc32: sum.toString(16).padStart(8, '0') });
  return { ...file, body: body(), facts, crc32SoFar: () => sum };
}

/** What a stream of files reports while it is pulled. */
export interface FileEvents {
  readonly tally: Tally;
  /** Rows of the whole delivery that have passed so far. */
  readonly seen: (rows: number) => void;
  readonly onEnd: (rows: number) => Promise<void>;
}

function fileOf(delivery: Delivery, plan: FilePlan, events: FileEvents, piece: Piece): OutgoingFile {
  const path = plan.path(piece.part);
  let rows = 0;
  const rejectedBefore = events.tally.rejectedCount;
  const body = plan.format.encode({
    ...piece,
    columns: delivery.opened.dataset.columns,
    entryName: entryName(path),
    tally: events.tally,
    signal: delivery.signal,
    seen: (count) => events.seen(piece.rowsBefore + count),
    onEnd: async (count) => {
      rows = count;
      await piece.onEnd(count);
    },
  });
  // Later files of the same delivery reject rows too: what counts is how many there are when this one ends.
  const written = () => rows - (events.tally.rejectedCount - rejectedBefore);
  return measured({ path, contentType: plan.format.contentType, body }, written);
}

interface Piece {
  readonly body: CsvBytes;
  readonly rowsBefore: number;
  readonly part?: number | undefined;
  onEnd(rows: number): Promise<void>;
}

function entryName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1).replace(/\.zip$/, '');
}

/** The data files of a delivery, in order: one, or as many as the split size makes. */
export async function* outgoingFiles(
  delivery: Delivery,
  plan: FilePlan,
  events: FileEvents,
): AsyncGenerator<OutgoingFile> {
  const { opened, part } = delivery;
  if (plan.splitBytes === undefined) {
    yield fileOf(delivery, plan, events, { body: opened.body, rowsBefore: 0, part, onEnd: events.onEnd });
    return;
  }
  let index = 0;
  for await (const piece of splitCsv(opened.body, opened.dataset.columns, plan.splitBytes, events.onEnd)) {
    index += 1;
    // A part that is split again numbers its files so that no two parts can meet.
    const number = part === undefined ? index : part * 10_000 + index;
    yield fileOf(delivery, plan, events, { ...piece, part: number, onEnd: async () => {} });
  }
}

/** The last file: it lists the others, and exists only when they do. */
export function manifestFile(delivery: Terms, plan: FilePlan, files: readonly ManifestEntry[]): OutgoingFile {
  const { dataset } = delivery.opened;
  const content = {
    dataset: { id: dataset.id, name: dataset.name, updatedAt: dataset.updatedAt, columns: dataset.columns },
    run: { id: delivery.run.id, number: delivery.run.number },
    rows: files.reduce((sum, file) => sum + file.rows, 0),
    files,
  };
  const bytes = Buffer.from(`${JSON.stringify(content, null, 2)}\n`);
  async function* body() {
    yield bytes;
  }
  const file = { path: plan.manifestPath, contentType: 'application/json', body: body() };
  return measured(file, () => 0);
}

/** A published file as the manifest tells it. */
export type ManifestEntry = FileFacts & { readonly path: string };
