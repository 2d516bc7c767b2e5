import type { Registry } from '../../connector/registry.ts';
import type { Client } from '../../contract/client.ts';
import { UserError, restated } from '../../errors.ts';
import { entries } from '../../run/check-source.ts';
import { schedulePane } from '../../run/schedule/schedule-pane.ts';
import { checkDetails } from '../../run/writeback.ts';
import type { WantedWriteback } from './wanted.ts';

/** The server alone knows how often its schedules may run. */
async function checkSchedule({ definition: { schedule, timeZone } }: WantedWriteback, client: Client) {
  if (schedule === undefined || schedule === null) return;
  const pane = schedulePane({ schedule: entries(schedule, 'schedule'), timeZone });
  await client.nextRuns({ body: { schedule: pane } });
}

/**
 * What can be known of writebacks before their accounts and DataSets are there: details and schedules. The rest is refused when
 * they are saved. Throws UserErrors that name the writeback.
 */
export async function checkWritebacks(
  wanted: readonly WantedWriteback[],
  registry: Registry,
  client: Client,
): Promise<void> {
  for (const writeback of wanted) {
    const { name, definition } = writeback;
    try {
      const [source, details] = [entries(definition['source'], 'source'), definition['details']];
      checkDetails(registry.get(String(definition['connector'])), source, entries(details, 'details'));
      await checkSchedule(writeback, client);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      throw restated(error, `Writeback "${name}": ${error.message}`, error.field);
    }
  }
}
