import type { Contract } from '../../contract/contract.ts';
import { isTold } from '../../errors.ts';
import { testMessage } from '../../run/alert/alert-channel.ts';
import { type ChannelParts, openSavedChannel } from '../../run/alert/saved-channels.ts';
import { scopedLog } from '../../run/scoped-log.ts';
import { forgetChannelFailures } from '../../store/channel-health.ts';
import type { Handler } from '../serve.ts';
import { createTryLimit } from '../try-limit.ts';
import { reachChannel } from './reach-channel.ts';

/** Milliseconds until nobody waits for an answer any more. */
const patience = 15_000;

/** Sends a test alert, and tells what came of it. Ten a minute for each person. */
export function testAlertChannelHandler(parts: ChannelParts): Handler<Contract['testAlertChannel']> {
  const limit = createTryLimit(10, 60_000);
  return async ({ params: { id } }, { caller, signal }) => {
    limit.count(caller!.personId);
    const saved = await reachChannel(parts.db, caller!, id, 'look');
    try {
      const channel = openSavedChannel(saved, { ...parts, log: scopedLog(parts.log) });
      const end = AbortSignal.any([signal, AbortSignal.timeout(patience)]);
      const unreached = await channel.send(testMessage(), end);
      await forgetChannelFailures(parts.db, id);
      return { ok: unreached === undefined, message: unreached ?? 'The test alert was sent.' };
    } catch (error) {
      signal.throwIfAborted();
      if (!isTold(error) && !(error instanceof DOMException)) throw error;
      const { message, remedy } = isTold(error) ? error : { message: 'The channel did not answer in time.' };
      return { ok: false, message, ...(remedy !== undefined && { remedy }) };
    }
  };
}
