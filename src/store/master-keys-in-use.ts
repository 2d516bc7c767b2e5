import { sql } from 'kysely';
import { type Db, schemaName } from './database.ts';

/** The ids of all master keys that some secret is sealed with: a key ring that lacks one cannot open everything. */
export async function masterKeysInUse(db: Db): Promise<string[]> {
  const table = (name: string) => sql.id(schemaName, name);
  const { rows } = await sql<{ key: string }>`
    select distinct secret.value ->> 'key' as key
    from (
      select secrets from ${table('account')} union all select secrets from ${table('alert_channel')}
    ) as holder, jsonb_each(holder.secrets) as secret
    order by key`.execute(db);
  return rows.map(({ key }) => key);
}
