import type { Dataset } from '../dataset/dataset.ts';
import type { Connector, Held, RunPart } from './contract.ts';
import { type Delivered, type Delivery, type Terms, deliver, deliverManifest, jobOf } from './deliver.ts';
import { mergeDelivered } from './merge-delivered.ts';
import { allowTogether } from './tally.ts';

/** A part that is written and waits to be published: plain data. */
export interface DeliveredPart {
  /** As the part found it. */
  readonly dataset: Dataset;
  readonly delivered: Delivered;
  /** Undefined: the destination had it already, and nothing was sent. */
  readonly held: Held | undefined;
}

/** A connector whose `write` holds a part in place of publishing it. */
function holding(connector: Connector, part: RunPart, keep: (held: Held) => void): Connector {
  const { parts } = connector;
  if (!parts) throw new Error(`The connector ${connector.id} does nothing in parts.`);
  const write = async (job: never) => {
    const { receipt, held } = await parts.write(job, part);
    keep(held);
    return receipt;
  };
  return { ...connector, write } as Connector;
}

/** Delivers one part so that nobody sees it before `publishParts`. Throws what `deliver` throws. */
export async function deliverPart(delivery: Delivery, part: RunPart): Promise<DeliveredPart> {
  let held: Held | undefined;
  const connector = holding(delivery.connector, part, (one) => void (held = one));
  const delivered = await deliver({ ...delivery, connector, part: part.number });
  return { dataset: delivery.opened.dataset, delivered, held };
}

const heldBy = (parts: readonly DeliveredPart[]): Held[] => parts.flatMap(({ held }) => (held ? [held] : []));

/**
 * Publishes all parts of a run, the manifest last; the same again when it is called again. Throws UserError
 * `too-many-rejected-rows` before anything is published.
 */
export async function publishParts(terms: Terms, parts: readonly DeliveredPart[]): Promise<Delivered> {
  const merged = mergeDelivered(parts.map(({ delivered }) => delivered));
  allowTogether(terms.details, merged);
  const warnings = new Set(merged.warnings);
  await terms.connector.parts?.publish(
    jobOf(terms, { warn: (sentence) => warnings.add(sentence) }),
    heldBy(parts),
  );
  const manifest = await deliverManifest(terms, merged.files);
  return {
    ...merged,
    location: [...merged.location, ...manifest.map(({ location }) => location)],
    files: [...merged.files, ...manifest],
    warnings: [...warnings],
  };
}

/** Removes what was written of a run that is not published after all. */
export async function discardParts(terms: Terms, parts: readonly DeliveredPart[]): Promise<void> {
  await terms.connector.parts?.discard(jobOf(terms, { warn: () => {} }), heldBy(parts));
}

/** Whether the run can be done in parts at this destination; makes room for them. */
export async function beginParts(terms: Terms): Promise<boolean> {
  return (await terms.connector.parts?.begin?.(jobOf(terms, { warn: () => {} }))) ?? true;
}
