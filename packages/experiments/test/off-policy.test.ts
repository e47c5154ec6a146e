import { expect, test } from 'vitest';
import { evaluatePolicy, type OffPolicyRows, reportSupport } from '../src/index.ts';
import { answer, readFixture } from './fixture-comparison.ts';

// Clicks and propensities of 10,000 rows of the Open Bandit Dataset (see parity/make_fixtures.py): a log of Thompson
// sampling, asked for the value of uniform choice, or read backwards.

interface Campaign {
  arms: number;
  propensities: number[];
  propensityIndex: number[];
  clickRows: number[];
  rows: number;
}

function uniformFromThompson({ arms, propensities, propensityIndex, clickRows, rows }: Campaign): OffPolicyRows {
  const rewards = new Array<number>(rows).fill(0);
  for (const row of clickRows) rewards[row] = 1;
  return {
    rewards,
    loggedPropensities: propensityIndex.map((index) => propensities[index]!),
    targetPropensities: rewards.map(() => 1 / arms),
  };
}

const campaigns = readFixture('open-bandit.json') as { women: Campaign; men: Campaign };

test('refuses a log that is worth two rows, and says so', () => {
  const rows = uniformFromThompson(campaigns.women);
  const { report } = answer(reportSupport(rows));
  expect(report.count).toBe(10_000);
  expect(report.effectiveSample).toBeCloseTo(2.08, 2);
  expect(report.maximumWeight).toBeGreaterThan(21_000);
  for (const estimator of ['ips', 'snips'] as const) {
    const result = evaluatePolicy(rows, { estimator });
    expect(result).toMatchObject({ ok: false, reason: 'effective-sample-too-small' });
    expect(result.ok ? undefined : result.support).toEqual(report);
  }
});

test('refuses rows whose weight one row carries, and propensities that were not those used', () => {
  const rows = uniformFromThompson(campaigns.women);
  const lax = { estimator: 'snips', minimumEffectiveSample: 1 } as const;
  expect(evaluatePolicy(rows, lax)).toMatchObject({ ok: false, reason: 'weight-concentrated' });
  const count = 5000;
  const honest: OffPolicyRows = {
    rewards: Array.from({ length: count }, (_, row) => row % 2),
    loggedPropensities: new Array<number>(count).fill(0.5),
    targetPropensities: Array.from({ length: count }, (_, row) => (row % 4 < 2 ? 0.9 : 0.1)),
  };
  expect(evaluatePolicy(honest, { estimator: 'ips' }).ok).toBe(true);
  const wrong = { ...honest, loggedPropensities: new Array<number>(count).fill(0.3) };
  expect(evaluatePolicy(wrong, { estimator: 'ips' })).toMatchObject({ ok: false, reason: 'wrong-propensities' });
  const uncovered = { ...honest, uncoveredShares: new Array<number>(count).fill(0.02) };
  expect(evaluatePolicy(uncovered, { estimator: 'ips' })).toMatchObject({ ok: false, reason: 'no-support' });
});
