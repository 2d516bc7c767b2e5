import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog } from '../log.ts';
import { scopedLog } from './scoped-log.ts';

test('what is hidden in a part of the work is hidden there, and the log of the process does not remember it', () => {
  const lines: string[] = [];
  const log = createLog((line) => void lines.push(line));
  const scoped = scopedLog(log);
  scoped.hide('token-of-today');
  scoped.warn('It was token-of-today.', { deep: ['token-of-today'], rows: 7 });
  log.info('Not a secret here: token-of-today.');
  assert.match(lines[0]!, /"level":"warn","text":"It was \*\*\*\.","deep":\["\*\*\*"\],"rows":7/);
  assert.match(lines[1]!, /token-of-today/);
});
