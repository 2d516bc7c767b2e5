import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog, createRedactor } from './log.ts';

const secret = 'p"ss w/rd+1';

test('a secret is hidden in every spelling', () => {
  const lines: string[] = [];
  const log = createLog((line) => lines.push(line));
  log.hide(secret);
  log.info('signed in', {
    plain: secret,
    url: `https://me:${encodeURIComponent(secret)}@host/`,
    base64: Buffer.from(secret).toString('base64'),
    json: JSON.stringify({ secret }),
  });
  const [line = ''] = lines;
  assert.doesNotMatch(line, /w\/rd|w%2Frd|cCJzcyB3/);
  assert.equal((JSON.parse(line) as { plain: string }).plain, '***');
});

test('a secret inside another leaves no rest', () => {
  const redactor = createRedactor();
  redactor.hide('abcd');
  redactor.hide('abcdefgh');
  assert.equal(redactor.redact('x abcdefgh y'), 'x *** y');
});

test('very short values are left alone', () => {
  const redactor = createRedactor();
  redactor.hide('a');
  assert.equal(redactor.redact('a banana'), 'a banana');
});
