// A process that opens the store and holds it until it is killed; its arguments: the data folder.
import { createLog } from '../../src/log.ts';
import { openStore } from '../../src/store/open.ts';

const dataFolder = process.argv[2]!;
const store = await openStore(
  { dataFolder },
  createLog(() => {}),
  new AbortController().signal,
);
process.stdout.write('open\n');
// Asked to, it ends in order.
process.stdin.once('end', () => void store.close()).resume();
