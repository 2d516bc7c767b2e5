import type { ColumnType, Kysely } from 'kysely';
import type { AlertTable } from './alert.ts';
import type { AlertChannelTable } from './alert-channel.ts';
import type { AccountTable } from './account.ts';
import type { AccountShareTable } from './account-share.ts';
import type { ApiKeyTable } from './api-key.ts';
import type { AuditTable } from './audit.ts';
import type { ChannelHealthTable } from './channel-health.ts';
import type { IdempotencyKeyTable } from './idempotency-key.ts';
import type { InstallationTable } from './installation.ts';
import type { LocalDatasetTable } from './local-dataset.ts';
import type { OutputRowTable } from './output-row.ts';
import type { PartTable } from './part.ts';
import type { PersonTable } from './person.ts';
import type { PublishedOutputTable } from './published-output.ts';
import type { RejectedDatasetTable, RejectedRowTable } from './rejected-row.ts';
import type { RunTable } from './run.ts';
import type { RunEventTable } from './run-event.ts';
import type { ScheduleTable } from './schedule.ts';
import type { SessionTable } from './session.ts';
import type { WritebackTable } from './writeback.ts';
import type { WritebackVersionTable } from './writeback-version.ts';

/** All tables, under their names in code; in PostgreSQL they are written with underscores. */
export interface Database {
  person: PersonTable;
  session: SessionTable;
  apiKey: ApiKeyTable;
  installation: InstallationTable;
  idempotencyKey: IdempotencyKeyTable;
  account: AccountTable;
  accountShare: AccountShareTable;
  localDataset: LocalDatasetTable;
  writeback: WritebackTable;
  writebackVersion: WritebackVersionTable;
  schedule: ScheduleTable;
  run: RunTable;
  part: PartTable;
  runEvent: RunEventTable;
  rejectedRow: RejectedRowTable;
  rejectedDataset: RejectedDatasetTable;
  outputRow: OutputRowTable;
  publishedOutput: PublishedOutputTable;
  alert: AlertTable;
  alertChannel: AlertChannelTable;
  channelHealth: ChannelHealthTable;
  audit: AuditTable;
}

/** The database, or a transaction in it: every query takes either, and what belongs together is given one transaction. */
export type Db = Kysely<Database>;

/** A jsonb column: read as what it holds, written as JSON text (`pg` would make a PostgreSQL array of a JavaScript one). */
export type Json<T> = ColumnType<T, string, string>;

/** The same with a default. */
export type DefaultJson<T> = ColumnType<T, string | undefined, string>;

/** The schema in PostgreSQL that holds all of them; pg-boss has its own. */
export const schemaName = 'writeback';
