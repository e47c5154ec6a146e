import { describe, expect, it } from 'vitest';
import type { Result } from '../src/index.ts';
import {
  bernoulliInterval,
  compareAdjustedMeans,
  compareEffectBayesian,
  compareMeans,
  compareProportions,
  compareProportionsBayesian,
  compareQuantilesAnytime,
  compareRatios,
  distributionRadius,
  modelXLogFactor,
  requiredSampleSize,
  sampleRatioEvidence,
  sequencePoint,
  summarisePairSums,
  summariseSums,
  testSampleRatio,
  tuneMixture,
} from '../src/index.ts';
import golden from './fixtures/golden.json' with { type: 'json' };

export function answer<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.reason}: ${result.needed}`);
  return result;
}

function expectClose(actual: number, expected: number, tolerance = 1e-9) {
  expect(Math.abs(actual - expected), `${actual} against ${expected}`).toBeLessThanOrEqual(
    tolerance * Math.abs(expected) + 1e-300,
  );
}

const control = { successes: 1000, count: 10_000 };
const treatment = { successes: 1111, count: 10_100 };
const peers = golden.gbstats;

describe('published numbers of experiment platforms', () => {
  it('compares proportions, absolute and relative', () => {
    for (const [scale, expected] of [
      ['absolute', peers.two_sided_abs],
      ['relative', peers.two_sided_rel],
    ] as const) {
      const effect = answer(compareProportions(control, treatment, { scale }));
      expectClose(effect.estimate, expected.diff);
      expectClose(effect.standardError, expected.se);
      expectClose(effect.lower, expected.ci[0] as number);
      expectClose(effect.upper, expected.ci[1] as number);
      expectClose(effect.pValue, expected.p);
    }
  });

  it('draws the same sequence when given their approximate tuning', () => {
    const mixtureVariance = (-2 * Math.log(0.05) + Math.log(1 - 2 * Math.log(0.05))) / 5000;
    for (const [scale, expected] of [
      ['absolute', peers.sequential_abs],
      ['relative', peers.sequential_rel],
    ] as const) {
      const effect = answer(compareProportions(control, treatment, { scale }));
      const point = answer(sequencePoint(effect, 20_100, { mixtureVariance }));
      expectClose(point.lower, expected.ci[0] as number);
      expectClose(point.upper, expected.ci[1] as number);
      expectClose(point.pValue as number, expected.p);
    }
  });

  it('compares means, ratios and covariate-adjusted means from sums', () => {
    const sums = ([count, sum, sumOfSquares]: number[]) =>
      answer(summariseSums({ count, sum, sumOfSquares } as { count: number; sum: number; sumOfSquares: number }));
    const welch = answer(compareMeans(sums(peers.welch_means.a), sums(peers.welch_means.b)));
    expectClose(welch.estimate, peers.welch_means.diff);
    expectClose(welch.lower, peers.welch_means.ci[0] as number);
    expectClose(welch.pValue, peers.welch_means.p);
    expectClose(welch.degreesOfFreedom, peers.welch_means.dof);

    const pairs = (count: number, first: number[], second: number[], product: number) =>
      answer(
        summarisePairSums({
          count,
          sumFirst: first[0] as number,
          sumSecond: second[0] as number,
          sumOfSquaresFirst: first[1] as number,
          sumOfSquaresSecond: second[1] as number,
          sumOfProducts: product,
        }),
      );
    const { a, b } = peers.ratio;
    const ratio = answer(compareRatios(pairs(a.n, a.m, a.d, a.md), pairs(b.n, b.m, b.d, b.md)));
    expectClose(ratio.estimate, peers.ratio.diff);
    expectClose(ratio.lower, peers.ratio.ci[0] as number);
    expectClose(ratio.upper, peers.ratio.ci[1] as number);
    expectClose(ratio.pValue, peers.ratio.p);

    const { cuped } = peers;
    const before = pairs(cuped.post_a[0] as number, cuped.post_a.slice(1), cuped.pre_a.slice(1), cuped.xy_a);
    const after = pairs(cuped.post_b[0] as number, cuped.post_b.slice(1), cuped.pre_b.slice(1), cuped.xy_b);
    for (const [scale, expected] of [
      ['absolute', cuped.abs],
      ['relative', cuped.rel],
    ] as const) {
      const adjusted = answer(compareAdjustedMeans(before, after, { scale }));
      expectClose(adjusted.coefficient, cuped.theta);
      expectClose(adjusted.estimate, expected.diff);
      expectClose(adjusted.lower, expected.ci[0] as number);
      expectClose(adjusted.upper, expected.ci[1] as number);
      expectClose(adjusted.pValue, expected.p);
    }
  });

  it('gives the same chance to win and expected losses', () => {
    const flat = answer(compareEffectBayesian(answer(compareProportions(control, treatment))));
    expectClose(flat.chanceToWin, peers.bayes_flat_abs.ctw);
    expectClose(flat.expectedLossControl, peers.bayes_flat_abs.risk[0] as number);
    expectClose(flat.expectedLossTreatment, peers.bayes_flat_abs.risk[1] as number);
    const lift = answer(compareProportions(control, treatment, { scale: 'relative' }));
    const expected = peers['bayes_prior_N(0,.3^2)_rel'];
    const prior = answer(compareEffectBayesian(lift, { prior: { mean: 0, standardDeviation: 0.3 } }));
    expectClose(prior.chanceToWin, expected.ctw);
    expectClose(prior.mean, expected.mean);
    expectClose(prior.lower, expected.ci[0] as number);
    expectClose(prior.expectedLossControl, expected.risk[0] as number);
    expectClose(prior.expectedLossTreatment, expected.risk[1] as number);

    // Beta(101, 901) and Beta(121, 881) are 100 of 1,000 and 120 of 1,000 under a uniform prior.
    const beta = answer(compareProportionsBayesian({ successes: 100, count: 1000 }, { successes: 120, count: 1000 }));
    expectClose(beta.chanceToWin, golden.bayes_beta['P(B>A)']);
    expectClose(beta.expectedLossTreatment, golden.bayes_beta.loss_choose_B);
    expectClose(beta.expectedLossControl, golden.bayes_beta.loss_choose_A);
  });

  it('checks sample ratios, once and continuously', () => {
    for (const [counts, shares, p] of golden.srm.chi2 as [number[], number[], number][]) {
      expectClose(answer(testSampleRatio([{ shares, counts }])).pValue, p);
    }
    for (const [counts, shares, p] of peers.srm as [number[], number[], number][]) {
      expectClose(answer(testSampleRatio([{ shares, counts }])).pValue, p);
    }
    for (const [counts, shares, logE] of golden.srm.logE_k100 as [number[], number[], number][]) {
      // The golden is a difference of log-gammas near 1e5, which carries about 1e-11 of rounding itself.
      expect(Math.abs(answer(sampleRatioEvidence({ shares, counts })).logEValue - logE)).toBeLessThan(1e-10);
    }
  });

  it('plans the same sample size', () => {
    const size = answer(requiredSampleSize(0.01, { varianceControl: 0.1 * 0.9, varianceTreatment: 0.11 * 0.89 }));
    expectClose(size.exactTotal / 2, golden.n_per_arm_10_to_11pct);
  });

  it('multiplies the same Model-X factors', () => {
    for (const [arm, outcome, factor] of golden.modelx_inc as [number, number, number][]) {
      const densities = [0.1, 0.15].map((p) => (outcome === 1 ? p : 1 - p));
      expectClose(Math.exp(answer(modelXLogFactor(densities, [0.7, 0.3], arm)).logFactor), factor);
    }
  });
});

describe('published confidence sequences', () => {
  it('has the width of the normal mixture when tuned alike', () => {
    // Theirs is tuned for the intrinsic time 5,000 with variance 1: the mean of n unit-variance values.
    for (const [count, horizonCount, alpha, half] of golden.confseq['normal_two_sided_bound/n'] as [
      number,
      number,
      number,
      number,
    ][]) {
      const { mixtureVariance } = answer(tuneMixture({ alpha, horizonCount }));
      const point = answer(
        sequencePoint({ estimate: 0, standardError: 1 / Math.sqrt(count) }, count, { alpha, mixtureVariance }),
      );
      expect(point.upper).toBeGreaterThan(0);
      const exact = sequencePoint({ estimate: 0, standardError: 1 / Math.sqrt(count) }, count, {
        alpha,
        mixtureVariance: confseqTuning(alpha) / horizonCount,
      });
      expectClose(answer(exact).upper, half, 1e-9);
      // The exact tuning is never wider at its own horizon.
      if (count === horizonCount) expect(point.upper).toBeLessThan(half);
    }
  });

  it('covers a Bernoulli rate, a distribution function and a quantile comparison alike', () => {
    const interval = answer(bernoulliInterval(50, 500, { horizonCount: 500 }));
    const [lower, upper] = golden.confseq['bernoulli_ci(50/500,t_opt=500)'];
    expectClose(interval.lower, lower as number, 1e-8);
    expectClose(interval.upper, upper as number, 1e-8);
    expectClose(
      answer(distributionRadius(1000, { minimumCount: 100 })).radius,
      golden.confseq['empirical_process_lil(t=1000,tmin=100)'],
      1e-8,
    );
    const x = Array.from({ length: 500 }, (_, index) => index + 1);
    const y = x.map((i) => i + (i > 400 ? 80 : 10));
    const expected = golden.confseq['quantile_ab_p(x=1..500,y=i+(i>400?80:10),t_opt=500)'];
    expect(answer(compareQuantilesAnytime(x, y, { quantile: 0.5, horizonCount: 500 })).pValue).toBe(expected.p50);
    expectClose(
      answer(compareQuantilesAnytime(x, y, { quantile: 0.95, horizonCount: 500 })).pValue,
      expected.p95,
      1e-8,
    );
  });
});

/** confseq tunes with 2 ln(1/α) + ln(1 + 2 ln(1/α)). */
function confseqTuning(alpha: number): number {
  return -2 * Math.log(alpha) + Math.log(1 - 2 * Math.log(alpha));
}
