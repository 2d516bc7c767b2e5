import type { Contract } from '../../contract/contract.ts';
import type { AnswerOf } from '../../contract/endpoint.ts';
import type { LocalDataset } from '../../store/local-dataset.ts';

type Answer = AnswerOf<Contract['getDataset']>;

/** A local DataSet as the API tells it; where its file lies is nobody's business. */
export function datasetAnswer(dataset: LocalDataset): Answer {
  const { id, name, ownerId, coOwnerIds, columns, rowCount, byteCount, createdAt, updatedAt } = dataset;
  return {
    id,
    name,
    ownerId,
    coOwnerIds,
    columns: columns as Answer['columns'],
    rows: rowCount,
    bytes: byteCount,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}
