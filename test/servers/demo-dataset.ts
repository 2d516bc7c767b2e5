import { mixedColumns, mixedCsv } from '../data/mixed-rows.ts';
import { type DomoStandIn, startDomo } from './domo-stand-in.ts';

/** What the demo moves. */
export const demoDataset = { id: '845305d8-da3d-4107-a9d6-13ef3f86d4a4', name: 'Orders', rows: 200_000 };

/** A stand-in of Domo's API with the demo's DataSet. */
export async function startDemoDomo(): Promise<DomoStandIn> {
  const domo = await startDomo();
  const { rows, ...dataset } = demoDataset;
  await domo.addDataset({ ...dataset, columns: mixedColumns, csv: () => mixedCsv(rows), rowCount: rows });
  return domo;
}
