import type {
  DuckDBBooleanVector,
  DuckDBConnection,
  DuckDBListValue,
  DuckDBType,
  DuckDBValue,
} from '@duckdb/node-api';

/** Told of the rows of a running statement. */
export interface RowVerdicts {
  /** The row (data rows count from 1) has a cell that does not fit the type of its column (a place, from 0). */
  reject(row: number, column: number, cells: readonly (string | null)[]): void;
  /** So many values lost digits that their type cannot hold. */
  truncated(count: number): void;
}

/** SQL functions that report a row to us. Both answer whether the row stays. */
export const rejectFunction = 'writeback_reject';
export const truncatedFunction = 'writeback_truncated';

type Act = (cells: DuckDBValue[]) => void;

/**
 * Defines the two functions for a connection's statements; DuckDB calls them in the main thread and waits meanwhile, so they are
 * for the few rows that are not as they should be. What a verdict throws ends the statement: `failure` then has it.
 */
export async function defineVerdicts(connection: DuckDBConnection, verdicts: RowVerdicts) {
  const { BIGINT, BOOLEAN, DuckDBScalarFunction, INTEGER, LIST, VARCHAR } = await import('@duckdb/node-api');
  const thrown: unknown[] = [];
  const define = (name: string, parameterTypes: DuckDBType[], stays: boolean, act: Act): void => {
    const options = { name, parameterTypes, returnType: BOOLEAN, volatile: true };
    const verdict = DuckDBScalarFunction.create({
      ...options,
      mainFunction(info, rows, output) {
        try {
          rows.getRows().forEach(act);
        } catch (error) {
          thrown.push(error);
          info.setError('A verdict threw.');
        }
        const answers = output as DuckDBBooleanVector;
        for (let row = 0; row < rows.rowCount; row++) answers.setItem(row, stays);
        answers.flush();
      },
    });
    connection.registerScalarFunction(verdict);
  };
  define(rejectFunction, [BIGINT, INTEGER, LIST(VARCHAR)], false, ([row, column, cells]) =>
    verdicts.reject(Number(row), Number(column), (cells as DuckDBListValue).items as (string | null)[]),
  );
  define(truncatedFunction, [INTEGER], true, ([count]) => verdicts.truncated(Number(count)));
  return { failure: () => thrown[0] };
}
