import { expect, test } from 'vitest';
import { compareSamples, mannWhitney } from '../src/index.ts';

test('Mann–Whitney with ties: a worked example in the normal limit with continuity correction', () => {
  const reference = [10, 12, 11, 15, 14, 13, 30, 12, 16, 11];
  const current = [9, 10, 8, 11, 10, 12, 9, 10, 11, 8];
  const result = mannWhitney(compareSamples(reference, current), { method: 'asymptotic' });
  if (!result.ok) throw new Error(result.needed);
  expect(result.statistic).toBe(90.5);
  expect(Math.abs(result.pValue / 0.002260294004857347 - 1)).toBeLessThan(1e-9);
});
