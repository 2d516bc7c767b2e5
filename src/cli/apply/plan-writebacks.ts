import type { CallOf } from '../../contract/endpoint.ts';
import { changesBetween } from '../../contract/changes.ts';
import { definitionKeys, type writebackEndpoints } from '../../contract/writebacks.ts';
import { UserError } from '../../errors.ts';
import type { WritebackAnswer } from '../find.ts';
import { type Ids, type Step, accountKey } from './step.ts';
import type { Group, WantedWriteback } from './wanted.ts';

type Definition = CallOf<typeof writebackEndpoints.createWriteback>['body'];
type Change = CallOf<typeof writebackEndpoints.changeWriteback>['body'];

/** An id by name; before the step that makes it there is none. */
function idOf(ids: ReadonlyMap<string, string>, name: string | undefined): Group {
  return name === undefined ? {} : { id: ids.get(name) };
}

/** Channels are told by name; what is no list is the server's to refuse. */
function alertsOf(alerts: Group, ids: Ids['channels']): Group {
  const { channels } = alerts;
  return Array.isArray(channels)
    ? { ...alerts, channels: channels.map((one) => ids.get(String(one)) ?? one) }
    : alerts;
}

/** The definition with the ids of what it refers to, and with the label that tells who keeps it. */
function definitionOf(
  { account, sourceAccount, dataset, definition }: WantedWriteback,
  label: string,
  { accounts, datasets, channels }: Ids,
): Group {
  const { connector, source, tags = [], alerts } = definition as unknown as Definition;
  const { id: datasetId } = idOf(datasets, dataset);
  const { id: sourceAccountId } = idOf(accounts, sourceAccount && accountKey('domo', sourceAccount));
  const { id: accountId } = idOf(accounts, account && accountKey(connector, account));
  const all = {
    ...definition,
    tags: [...new Set([...tags, label])],
    source: { ...source, ...(dataset !== undefined && { datasetId }) },
    sourceAccountId,
    accountId,
    ...(alerts && { alerts: alertsOf(alerts, channels) }),
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

const definitionIn = (there: Group): Group =>
  Object.fromEntries(definitionKeys.flatMap((key) => (there[key] === undefined ? [] : [[key, there[key]]])));

function stepOf(
  wanted: WantedWriteback,
  there: WritebackAnswer | undefined,
  label: string,
  ids: Ids,
): Step | undefined {
  const { name } = wanted;
  const kind = 'writeback';
  if (!there)
    return {
      action: 'create',
      kind,
      name,
      changes: [],
      async act(client, now) {
        await client.createWriteback({ body: definitionOf(wanted, label, now) as unknown as Definition });
      },
    };
  const changes = changesBetween(definitionIn(there), definitionOf(wanted, label, ids));
  if (changes.length === 0) return undefined;
  return {
    action: 'change',
    kind,
    name,
    changes,
    async act(client, now) {
      const definition = definitionOf(wanted, label, now);
      const body = Object.fromEntries(definitionKeys.map((key) => [key, definition[key] ?? null])) as Change;
      await client.changeWriteback({ params: { id: there.id }, body });
    },
  };
}

/** The name of the writeback that one runs after. */
const awaited = ({ definition }: WantedWriteback): unknown =>
  (definition['schedule'] as Group | undefined)?.['writeback'];

/** Those that others wait for come first, as the server wants them to be there. */
function inOrder(wanted: readonly WantedWriteback[]): WantedWriteback[] {
  const left = new Set(wanted);
  const ordered: WantedWriteback[] = [];
  while (left.size > 0) {
    const waits = (one: WantedWriteback) => [...left].some(({ name }) => name === awaited(one));
    const ready = [...left].filter((one) => !waits(one));
    // A circle is the server's to refuse.
    for (const one of ready.length > 0 ? ready : left) {
      ordered.push(one);
      left.delete(one);
    }
  }
  return ordered;
}

/** What makes the writebacks as they are wanted. Throws UserError `apply-ambiguous`. */
export function planWritebacks(
  wanted: readonly WantedWriteback[],
  there: readonly WritebackAnswer[],
  label: string,
  ids: Ids,
): Step[] {
  return inOrder(wanted).flatMap((writeback) => {
    const found = there.filter(({ name }) => name === writeback.name);
    if (found.length > 1)
      throw new UserError('apply-ambiguous', `${found.length} writebacks are called "${writeback.name}".`, {
        remedy: 'Rename or delete all but one of them.',
      });
    return stepOf(writeback, found[0], label, ids) ?? [];
  });
}
