import { resolve } from 'node:path';
import type { Column, CsvBytes, Dataset } from '../../dataset/dataset.ts';
import { fileBlocks } from '../../dataset/file-blocks.ts';
import { type SqlColumn, canonicalSelect } from '../../duckdb/canonical-select.ts';
import { type DuckdbOptions, type LockedDuckdb, openDuckdb, withDuckdb } from '../../duckdb/locked-duckdb.ts';
import { queryCsv } from '../../duckdb/query-csv.ts';
import { literalList } from '../../duckdb/sql-text.ts';
import type { DatasetSummary, OpenDataset, OpenRequest, Range, Source } from '../source.ts';
import { explain } from './explain.ts';
import { type LocalFormat, fileKindOf } from './file-kind.ts';
import { checkUnchanged, explainFileError, findFiles, nameOf, updatedAtOf } from './local-files.ts';
import { defineTable, type GivenTypes } from './local-relation.ts';
import { type LocalTable, tableOf } from './local-table.ts';
import { cutSelect, type Selected, selectOf, wholeTable } from './local-select.ts';
import { passedSelect } from './passed-select.ts';

/** What a local source reads. */
export interface LocalSourceOptions {
  /** A file, or a glob whose files are read one after another, sorted by path, as one DataSet. */
  readonly path: string;
  /** Types by column name; those of the other columns are inferred. */
  readonly columns?: GivenTypes | undefined;
  readonly name?: string | undefined;
  /** In place of what the extension says. */
  readonly format?: LocalFormat | undefined;
  /** Where temporary files go; the system's temporary folder unless told. */
  readonly directory?: string | undefined;
}

type Rows = Pick<OpenRequest, 'query' | 'day' | 'range'>;

const previewRows = 10_000;

async function rowsOfParquet(duckdb: LockedDuckdb, { paths, kind }: LocalTable): Promise<number | undefined> {
  if (kind.format !== 'parquet') return undefined;
  const counted = await duckdb.run(
    `SELECT CAST(sum(num_rows) AS VARCHAR) FROM parquet_file_metadata(${literalList(paths)})`,
  );
  return Number((await counted.getRows())[0]![0]);
}

/** As `selectOf`; of a query's columns, those that it only hands out pass as text where that can be. */
async function selectRows(
  duckdb: LockedDuckdb,
  { paths, delimited }: LocalTable,
  rows: Rows,
): Promise<Selected> {
  const selected = await selectOf(duckdb, rows);
  if (!delimited || rows.day || rows.range) return selected;
  const files = { paths, ...delimited };
  return (await passedSelect(duckdb, files, rows.query ?? wholeTable, selected.columns)) ?? selected;
}

async function* plainBytes(path: string, signal: AbortSignal): CsvBytes & AsyncGenerator<Uint8Array> {
  try {
    yield* fileBlocks(path, signal);
  } catch (error) {
    throw explainFileError(error, path);
  }
}

class LocalSource implements Source {
  readonly kind = 'local';
  readonly #options: LocalSourceOptions;

  constructor(options: LocalSourceOptions) {
    this.#options = options;
  }

  async *list(signal: AbortSignal): AsyncGenerator<DatasetSummary> {
    for (const file of await findFiles(this.#options.path)) {
      signal.throwIfAborted();
      yield { id: file.path, name: nameOf(file.path), updatedAt: updatedAtOf([file]) };
    }
  }

  async describe(datasetId: string, signal: AbortSignal): Promise<Dataset> {
    const table = await this.#table(datasetId);
    if (table.isPlain) return this.#dataset(table, table.delimited!.columns);
    return this.#lend(table, signal, async (duckdb, columns) =>
      this.#dataset(table, columns, await rowsOfParquet(duckdb, table)),
    );
  }

  async open(request: OpenRequest): Promise<OpenDataset> {
    request.signal.throwIfAborted();
    const table = await this.#table(request.datasetId);
    const whole = request.query === undefined && request.range === undefined && request.day === undefined;
    const opened =
      whole && table.isPlain
        ? this.#openPlain(table, request.signal)
        : await this.#openQuery(table, request, whole);
    return { ...opened, verify: () => checkUnchanged(table.files) };
  }

  async cut(request: OpenRequest, key: string, count: number): Promise<readonly Range[]> {
    const table = await this.#table(request.datasetId);
    return this.#lend(table, request.signal, async (duckdb) => cutSelect(duckdb, request, key, count));
  }

  async query(request: OpenRequest & { query: string; limit?: number }) {
    const table = await this.#table(request.datasetId);
    return this.#lend(table, request.signal, async (duckdb) => {
      const { select, columns } = await selectOf(duckdb, request);
      const found = await duckdb.run(
        `${canonicalSelect(select, columns)} LIMIT ${request.limit ?? previewRows}`,
      );
      return {
        columns: columns.map(({ name }) => name),
        rows: (await found.getRows()) as (string | null)[][],
      };
    });
  }

  /** Nothing stays open between calls. */
  async close(): Promise<void> {}

  #openPlain(table: LocalTable, signal: AbortSignal): Omit<OpenDataset, 'verify'> {
    return {
      dataset: this.#dataset(table, table.delimited!.columns),
      // The file's own bytes: DuckDB would only parse them and print them again.
      body: plainBytes(table.files[0]!.path, signal),
    };
  }

  async #openQuery(
    table: LocalTable,
    request: OpenRequest,
    whole: boolean,
  ): Promise<Omit<OpenDataset, 'verify'>> {
    const dataset = await this.#lend(table, request.signal, async (duckdb) => {
      const { columns } = await selectOf(duckdb, { query: request.query, day: request.day });
      return this.#dataset(table, columns, whole ? await rowsOfParquet(duckdb, table) : undefined);
    });
    return { dataset, body: this.#stream(table, request, dataset.columns.length) };
  }

  async *#stream(table: LocalTable, request: OpenRequest, columns: number): AsyncGenerator<Uint8Array> {
    const { signal } = request;
    const duckdb = await openDuckdb({ ...this.#opening(table, signal), columns });
    try {
      await defineTable(duckdb, table);
      const { select, columns } = await selectRows(duckdb, table, request);
      yield* queryCsv(duckdb, select, columns, signal) satisfies CsvBytes;
    } catch (error) {
      throw explain(error, table.delimited?.columns.map(({ name }) => name) ?? [], signal);
    } finally {
      await duckdb.close();
    }
  }

  async #lend<T>(
    table: LocalTable,
    signal: AbortSignal,
    use: (duckdb: LockedDuckdb, columns: SqlColumn[]) => Promise<T>,
  ): Promise<T> {
    try {
      return await withDuckdb(this.#opening(table, signal), async (duckdb) =>
        use(duckdb, await defineTable(duckdb, table)),
      );
    } catch (error) {
      throw explain(error, table.delimited?.columns.map(({ name }) => name) ?? [], signal);
    }
  }

  #opening({ paths, delimited }: LocalTable, signal: AbortSignal): DuckdbOptions {
    const { directory } = this.#options;
    return { files: paths, directory, columns: delimited?.columns.length, threads: 1, signal };
  }

  #table(datasetId: string): Promise<LocalTable> {
    const { path, format, columns } = this.#options;
    return tableOf(path, datasetId, columns ?? {}, (file) => fileKindOf(file, format));
  }

  #dataset({ id, files }: LocalTable, columns: readonly Column[], rows?: number): Dataset {
    const wanted = id === resolve(this.#options.path) ? this.#options.name : undefined;
    const plain = columns.map(({ name, type }) => ({ name, type }));
    const dataset = { id, name: wanted ?? nameOf(id), columns: plain, updatedAt: updatedAtOf(files) };
    return rows === undefined ? dataset : { ...dataset, rows };
  }
}

/**
 * Files of this machine as a source. A plain CSV file (comma, uncompressed, one file) that nobody queries is streamed as
 * its own bytes, its types inferred on its first megabyte or given: a later row that contradicts the type is rejected
 * where it is encoded. Everything else goes through a locked-down DuckDB, which reads leniently (quotes inside unquoted
 * cells, short rows). Ids are absolute paths; of a glob, the pattern stands for all its files together.
 * Throws UserError `local-*`; `verify` throws TemporaryError `local-file-changed`.
 */
export function createLocalSource(options: LocalSourceOptions): Source {
  return new LocalSource(options);
}
