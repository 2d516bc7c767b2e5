import { join } from 'node:path';
import type { Data } from './data.ts';
import { downloadUrl, fromHttp, oursTo } from './ours.ts';
import type { Path } from './path.ts';
import type { Rig } from './rig.ts';
import { pipe } from './shell.ts';
import { httpAddress, toDataWorld } from './targets.ts';

const here = new URL('.', import.meta.url).pathname;
const uploads = (rig: Rig) => `${httpAddress(rig)}/uploads/tester/sandbox/files/rival.csv`;

function dataWorld(rig: Rig): Path {
  const rival = 'curl | curl -T -';
  const timed = (data: Data) => pipe(`curl -sSf ${downloadUrl(rig, data)} | curl -sSf -T - ${uploads(rig)}`);
  return {
    name: 'http-data-world',
    title: 'HTTP → data.world',
    rows: 'ten million',
    ours: oursTo(rig, 'http-data-world', fromHttp(rig), toDataWorld(rig)),
    rivals: [{ name: rival, tools: ['curl'], timed }],
    lines: [
      { kind: 'speed', beside: [rival], atLeast: 0.9, quick: 0.1 },
      { kind: 'peak MB', atMost: 200 },
    ],
    arrived: rig.http.arrived,
    expects: 'file',
    growth: true,
  };
}

function zipped(rig: Rig): Path {
  const timed = (data: Data) => ({
    command: process.execPath,
    words: [join(here, 'rivals/fetch-put.ts'), downloadUrl(rig, data, true), uploads(rig)],
  });
  const curl = (data: Data) =>
    pipe(`curl -sSf --compressed ${downloadUrl(rig, data, true)} | curl -sSf -T - ${uploads(rig)}`);
  return {
    name: 'gzip-source',
    title: 'gzip-encoded HTTP → data.world',
    rows: 'ten million',
    ours: oursTo(rig, 'gzip-source', fromHttp(rig, true), toDataWorld(rig)),
    rivals: [
      { name: 'fetch, then PUT', tools: [], timed },
      { name: 'limit: curl --compressed | curl -T -', tools: ['curl'], timed: curl, onlyFull: true },
    ],
    lines: [{ kind: 'speed', beside: ['fetch, then PUT'], atLeast: 1.7, quick: 0.2 }],
    arrived: rig.http.arrived,
    expects: 'file',
  };
}

/** Everything that is PUT as it comes. */
export const httpPaths = (rig: Rig): Path[] => [dataWorld(rig), zipped(rig)];
