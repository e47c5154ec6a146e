import { expect, test } from 'vitest';
import { importanceCoverage } from './importance-coverage.ts';

// A smaller version of results.md: at least the stated 95 %, within three Monte Carlo errors.
test.each([
  ['mean-squared-error', 100, 5],
  ['mean-squared-error', 400, 20],
  ['accuracy', 400, 5],
  ['roc-auc', 100, 5],
] as const)(
  'intervals of importances by %s from %i rows and %i repeats hold the truth',
  async (metric, rowCount, repeats) => {
    const replicates = metric === 'roc-auc' ? 60 : 300;
    const { share, error, bias } = await importanceCoverage({ metric, rowCount, repeats, replicates, seed: 5 });
    expect(share).toBeGreaterThan(0.95 - 3 * Math.max(error, 0.01));
    expect(Math.abs(bias)).toBeLessThan(0.1);
  },
);
