import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { isFormula } from './formula-guard.ts';

const formula = (text: string) => {
  const bytes = Buffer.from(`<${text}>`);
  return isFormula(bytes, 1, bytes.length - 1);
};

test('what begins like a formula is one', () => {
  for (const text of [
    '=1+1',
    '+1+1',
    '-1-1',
    '@SUM(A1)',
    '\t=1',
    '\r=1',
    '=',
    '-',
    '+',
    '-.',
    '-1e',
    '-1e+',
    '+49 30 1',
    '-1.2.3',
    '--1',
    '-1,5',
    '-e5',
    '-1e5x',
  ]) {
    assert.equal(formula(text), true, text);
  }
});

test('a plain number is none, nor is other text', () => {
  for (const text of [
    '',
    '-1',
    '+1',
    '-1.5',
    '-.5',
    '-1.',
    '+0',
    '-1e5',
    '-1E-5',
    '-1.5e+300',
    '1=1',
    'a',
    "'=1",
    ' =1',
    '#',
    '"',
  ]) {
    assert.equal(formula(text), false, text);
  }
});

test('no number that JavaScript writes is taken for a formula', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => !formula(String(number))),
  );
});
