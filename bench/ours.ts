import { mixedColumns } from '../test/data/mixed-rows.ts';
import type { Data } from './data.ts';
import { benchSecret } from './far/far.ts';
import type { Timed } from './measure.ts';
import { parquetOf } from './parquet-data.ts';
import { type Rig, exportId, writeSmall } from './rig.ts';
import { type Target, secretName } from './targets.ts';

/** What users install: the built package, without the cost of stripping types at each start. */
const main = new URL('../dist/main.js', import.meta.url).pathname;
const columns = Object.fromEntries(mixedColumns.map(({ name, type }) => [name, type]));

/** A file on this machine, its types told. */
export const fromFile = ({ csv }: Data) => ({ kind: 'local', path: csv, columns });

const query = 'select * from tbl';

/** The same through DuckDB. */
export const fromQuery = (data: Data) => ({ ...fromFile(data), query });

/** The Parquet file beside it, which has types of its own. */
export const fromParquet = (data: Data) => ({ kind: 'local', path: parquetOf(data), query });

/** An export of Domo's. */
export const fromHttp =
  (rig: Rig, zipped = false) =>
  (data: Data) => ({
    kind: 'domo',
    clientId: 'bench',
    clientSecret: secretName,
    baseUrl: `http://127.0.0.1:${rig.source.port}`,
    datasetId: exportId(data, zipped),
  });

/** The address at which other tools get the same. */
export const downloadUrl = (rig: Rig, data: Data, zipped = false): string =>
  `http://127.0.0.1:${rig.source.port}/v1/datasets/${exportId(data, zipped)}/data`;

/** `writeback run`, each time as a run of its own: one that is repeated would be told that all is there already. */
export function oursTo(rig: Rig, name: string, source: (data: Data) => object, target: Target) {
  return async (data: Data): Promise<Timed> => {
    const writeback = { name: `bench ${name}`, source: source(data), ...target };
    const file = await writeSmall(rig, `${name}-${data.rows}.yaml`, writeback);
    return {
      command: process.execPath,
      words: [main, 'run', file, '--json', '--run-id', `bench-${performance.now()}`],
      environment: {
        BENCH_SECRET: benchSecret,
        NODE_EXTRA_CA_CERTS: rig.tls.caFile,
      },
    };
  };
}
