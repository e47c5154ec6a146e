import { expect, test } from 'vitest';
import { isCombined, stepText } from './step-text.ts';

test('each kind of step is told in words, with the reason the gateway gave', () => {
  const text = (kind: string, rest: object = {}) => stepText({ node: '', kind, chosen: 'a', ...rest });
  expect(text('split', { bucket: 231_407 })).toBe('drawn by weight · bucket 231,407 of 1,000,000');
  expect(text('rules', { reason: 'features.amount < 100.0' })).toBe('because features.amount < 100.0');
  expect(text('cascade', { reason: 'confidence 0.9300' })).toBe('was sure enough · confidence 0.9300');
  expect(text('fallback')).toBe('answered');
  expect(text('fallback', { reason: 'remote: deadline_exceeded' })).toBe('answered after remote: deadline_exceeded');
  expect(text('best', { reason: 'fallback: too few labels' })).toBe('the best candidate · fallback: too few labels');
  expect(text('something new')).toBe('something new');
});

test('what combines several is no model', () => {
  expect(isCombined({ model: 'ensemble:soft_vote', version: '' })).toBe(true);
  expect(isCombined({ model: 'forest', version: '1' })).toBe(false);
  expect(isCombined({ model: '', version: '' })).toBe(false);
});
