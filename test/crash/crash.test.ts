import { test } from 'node:test';
import { standInTargets } from '../servers/stand-in-targets.ts';
import { killAndReplay } from './kill-and-replay.ts';

/** `WRITEBACK_CRASH_KILLS=20 node --test test/crash/crash.test.ts` is the long form. */
const kills = Number(process.env['WRITEBACK_CRASH_KILLS'] ?? 2);

for (const [name, open] of Object.entries(standInTargets)) {
  test(`${name}: ${kills} kills, each followed by the same run, leave what clean runs leave`, async () => {
    await killAndReplay(open, kills, 40_000);
  });
}
