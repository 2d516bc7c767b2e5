import type { ColumnType } from '../dataset/dataset.ts';
import type { Egress } from '../egress/egress.ts';
import type { Values } from '../field/field.ts';
import type { Log } from '../log.ts';
import { createDomoSource } from './domo/domo-source.ts';
import { createLocalSource } from './local/local-source.ts';
import type { Source } from './source.ts';
import type { domoSourceFields, localSourceFields } from './source-fields.ts';

/** A source as a writeback names it: checked values. */
export type SourceSpec =
  | { readonly kind: 'domo'; readonly values: Values<typeof domoSourceFields> }
  | {
      readonly kind: 'local';
      readonly values: Values<typeof localSourceFields>;
      readonly columns?: Readonly<Record<string, ColumnType>> | undefined;
    };

/** Lends the source that a spec names, and closes it. Nothing is connected until it is asked. */
export async function withSource<T>(
  spec: SourceSpec,
  work: { egress: Egress; log: Log },
  use: (source: Source) => Promise<T>,
): Promise<T> {
  const source = createSource(spec, work);
  try {
    return await use(source);
  } finally {
    await source.close();
  }
}

function createSource(spec: SourceSpec, work: { egress: Egress; log: Log }): Source {
  if (spec.kind === 'domo') {
    const { clientId, clientSecret, baseUrl } = spec.values;
    return createDomoSource({ clientId, clientSecret, baseUrl }, work);
  }
  const { path, name } = spec.values;
  return createLocalSource({
    path,
    ...(name === undefined ? {} : { name }),
    ...(spec.columns ? { columns: spec.columns } : {}),
  });
}

/** What to ask the source for: a local source's DataSet is its path. */
export function datasetIdOf(spec: SourceSpec): string {
  return spec.kind === 'domo' ? spec.values.datasetId : spec.values.path;
}
