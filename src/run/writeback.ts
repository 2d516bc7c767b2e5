import { createHash } from 'node:crypto';
import type { Connector, WritebackIdentity } from '../connector/contract.ts';
import { fileFormatOf } from '../connector/file-format.ts';
import type { fileOptions } from '../connector/file-options.ts';
import type { Registry } from '../connector/registry.ts';
import { checkTemplate } from '../dataset/name-template.ts';
import { UserError, restated } from '../errors.ts';
import { checkValues } from '../field/check.ts';
import type { Values } from '../field/field.ts';
import { type SourceSpec, datasetIdOf } from '../source/create-source.ts';
import { type Entries, checkSource, entries, takeShared } from './check-source.ts';

/** A writeback whose every value was checked against the fields. */
export interface Writeback extends WritebackIdentity {
  readonly source: SourceSpec;
  readonly connector: string;
  readonly credentials: Readonly<Record<string, unknown>>;
  readonly details: Readonly<Record<string, unknown>>;
}

/** The keys of the YAML, the API's body and `apply`; the schedule is the service's and only passed over here. */
export const knownKeys = [
  'id',
  'name',
  'description',
  'source',
  'connector',
  'credentials',
  'details',
  'schedule',
  'timeZone',
];
function text(value: unknown, key: string): string {
  if (typeof value === 'string' && value.trim() !== '') return value;
  throw new UserError('writeback-invalid', `"${key}" is missing, or is not a text.`, { field: key });
}

/** Runs a check of one pane; the field of its error becomes the path in the writeback, such as `details.path`. */
export function inPane<T>(pane: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const field = error.field === undefined ? pane : `${pane}.${error.field}`;
    throw restated(error, error.message, field);
  }
}

/** The checked details of a writeback; those that are the source's go over to it. Throws UserErrors with the path `details.…`. */
export function checkDetails(connector: Connector, source: Entries, details: Entries): Entries {
  return inPane('details', () => {
    takeShared(source, details, connector.details);
    return checkValues(connector.details, details, 'details');
  });
}

/** What no single field shows: names that cannot be rendered, options that do not go together, the connector's own rules. */
function checkTogether(connector: Connector, credentials: Entries, details: Entries): void {
  for (const [id, field] of Object.entries(connector.details)) {
    const value = details[id];
    if (field.type === 'text' && field.template && typeof value === 'string') checkTemplate(value, id);
  }
  if (connector.accepts === 'file')
    fileFormatOf(details as Values<typeof fileOptions>, connector.guardFirstHash);
  connector.check?.(credentials as never, details as never);
}

function checkTimeZone(value: unknown): string {
  if (value === undefined) return 'UTC';
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text(value, 'timeZone') }).resolvedOptions().timeZone;
  } catch (cause) {
    const message = `There is no time zone ${JSON.stringify(value)}.`;
    throw new UserError('writeback-time-zone', message, {
      field: 'timeZone',
      remedy: 'Use an IANA name such as Europe/Berlin.',
      cause,
    });
  }
}

function refuseUnknownKeys(value: Entries): void {
  const unknown = Object.keys(value).find((key) => !knownKeys.includes(key));
  if (unknown === undefined) return;
  throw new UserError('writeback-unknown-key', `A writeback has no "${unknown}".`, {
    field: unknown,
    remedy: `It may have: ${knownKeys.join(', ')}.`,
  });
}

/** The same writeback has the same id wherever its file lies: its name, connector and DataSet make it, or `id` does. */
function identify(given: unknown, name: string, connector: Connector, source: SourceSpec): string {
  if (given !== undefined) return text(given, 'id');
  const whole = JSON.stringify([name, connector.id, source.kind, datasetIdOf(source)]);
  return createHash('sha256').update(whole).digest('hex').slice(0, 16);
}

/**
 * Checks a writeback as it stands in a file against the fields of its source and connector.
 * Throws UserError whose `field` is the path of the wrong place, such as `details.filename`.
 */
export function checkWriteback(value: unknown, registry: Registry): Writeback {
  const given = entries(value, 'writeback');
  refuseUnknownKeys(given);
  const name = text(given['name'], 'name');
  const connector = registry.get(text(given['connector'], 'connector'));
  const source = entries(given['source'], 'source');
  const typed = entries(given['credentials'], 'credentials');
  inPane('credentials', () => takeShared(source, typed, connector.credentials));
  const details = checkDetails(connector, source, entries(given['details'], 'details'));
  const spec = inPane('source', () => checkSource(source));
  const credentials = inPane('credentials', () => checkValues(connector.credentials, typed, 'credentials'));
  inPane('details', () => checkTogether(connector, credentials, details));
  const id = identify(given['id'], name, connector, spec);
  return {
    id,
    name,
    timeZone: checkTimeZone(given['timeZone']),
    source: spec,
    connector: connector.id,
    credentials,
    details,
  };
}
