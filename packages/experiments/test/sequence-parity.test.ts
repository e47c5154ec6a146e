import { expect, test } from 'vitest';
import {
  bernoulliEvidence,
  bernoulliInterval,
  compareEffectBayesian,
  compareEventCounts,
  compareHistogramQuantilesAnytime,
  compareProportionsBayesian,
  compareQuantilesAnytime,
  createAipwSequence,
  createEmpiricalBernsteinBound,
  createModelXProcess,
  createOffPolicySequence,
  createSampleRatioProcess,
  createTwoProportionProcess,
  crossFitRewardModel,
  distributionRadius,
  estimateQuantile,
  evaluatePolicy,
  eventCountPoint,
  type OffPolicyEstimator,
  quantileInterval,
  relativeSequencePoint,
  reportSupport,
  sequencePoint,
  tuneMixture,
} from '../src/index.ts';
import { answer, Comparison, readFixture } from './fixture-comparison.ts';
import { armsCase, binsCase, settingsOf } from './quantile-cases.ts';

// Made by parity/make_fixtures.py and parity/sequence_cases.py: confseq and obp run on the same input, and formulas in
// mpmath or NumPy for what no library has. Sequences within 1e-9 relative, off-policy values within 1e-12.

const fixtures = readFixture('sequences.json');

function agree(
  name: string,
  cases: unknown[],
  minimum: number,
  check: (the: Comparison, one: never, at: string) => void,
) {
  test(name, () => {
    const the = new Comparison();
    cases.forEach((one, index) => {
      check(the, one as never, `${name} ${index}`);
    });
    expect(the.failures.slice(0, 10)).toEqual([]);
    expect(the.compared).toBeGreaterThanOrEqual(minimum);
  });
}

agree(
  'asymptotic sequences, absolute and relative, both and one side',
  fixtures.asymptotic,
  400,
  (
    the,
    one: {
      alternative: 'two-sided' | 'greater' | 'less';
      alpha: number;
      horizon: number;
      rho: number;
      count: [number, number];
      mean: [number, number];
      variance: [number, number];
      half: number;
      p: number;
      relative: [number, number] | null;
    },
    at,
  ) => {
    const { alternative, alpha } = one;
    const { mixtureVariance } = answer(tuneMixture({ alpha, horizonCount: one.horizon, alternative }));
    the.number(`${at} ρ²`, mixtureVariance, one.rho);
    const settings = { mixtureVariance: one.rho, alpha, alternative };
    const [a, b] = [0, 1].map((arm) => ({
      count: one.count[arm as 0 | 1],
      mean: one.mean[arm as 0 | 1],
      variance: one.variance[arm as 0 | 1],
    }));
    const standardError = Math.sqrt(a!.variance / a!.count + b!.variance / b!.count);
    const estimate = b!.mean - a!.mean;
    const point = answer(sequencePoint({ estimate, standardError }, a!.count + b!.count, settings));
    const half = alternative === 'less' ? point.upper - estimate : estimate - point.lower;
    the.number(`${at} half-width`, half, one.half);
    if (one.p > 1e-280) the.number(`${at} p`, point.pValue as number, one.p);
    const relative = relativeSequencePoint(a!, b!, settings);
    if (one.relative === null) the.refused(`${at} lift`, relative, 'zero-baseline');
    else {
      if (alternative !== 'less') the.number(`${at} lift`, answer(relative).lower, one.relative[0]);
      if (alternative !== 'greater') the.number(`${at} lift`, answer(relative).upper, one.relative[1]);
    }
  },
);

agree(
  'exact Bernoulli evidence and intervals',
  fixtures.bernoulli,
  300,
  (
    the,
    one: { s: number; n: number; rate: number; horizon: number; logE: number; lower: number; upper: number },
    at,
  ) => {
    const settings = { horizonCount: one.horizon };
    const evidence = answer(bernoulliEvidence(one.s, one.n, one.rate, settings));
    the.number(`${at} evidence`, evidence.logEValue, one.logE);
    const interval = answer(bernoulliInterval(one.s, one.n, settings));
    // The search in mpmath begins at 1e-30.
    the.number(`${at} lower`, interval.lower, one.lower, { scale: 1e-20 });
    the.number(`${at} upper`, interval.upper, one.upper);
  },
);

agree(
  'event counts and their rate ratio',
  fixtures.eventCounts,
  200,
  (
    the,
    one: { share: number; events: [number, number]; k: number; logE: number; lower: number; upper: number | null },
    at,
  ) => {
    const events = { control: one.events[0], treatment: one.events[1] };
    const options = { concentration: one.k };
    const { logEValue } = answer(compareEventCounts(events, one.share, options));
    // Evidence of nothing is 0 up to the rounding of log-gammas.
    the.number(`${at} evidence`, logEValue, one.logE, { scale: 1e-6 });
    const point = answer(eventCountPoint(events, one.share, options));
    the.number(`${at} lower`, point.lower, one.lower);
    the.number(`${at} upper`, point.upper, one.upper ?? Number.POSITIVE_INFINITY);
  },
);

agree(
  'two-proportion e-process',
  fixtures.twoProportions,
  30,
  (the, { blocks, logE }: { blocks: [number, number, number, number][]; logE: number }, at) => {
    const { process } = answer(createTwoProportionProcess());
    for (const [x0, n0, x1, n1] of blocks) {
      process.add({ control: { successes: x0, count: n0 }, treatment: { successes: x1, count: n1 } });
    }
    the.number(at, answer(process.read()).logEValue, logE);
  },
);

agree(
  'sample-ratio process under changing shares',
  fixtures.ratioProcess,
  40,
  (
    the,
    { arms, epochs, logE }: { arms: number; epochs: { shares: number[]; counts: number[] }[]; logE: number },
    at,
  ) => {
    const { process } = answer(createSampleRatioProcess(arms));
    for (const epoch of epochs) expect(process.add(epoch)).toBeUndefined();
    the.number(at, answer(process.read()).logEValue, logE);
  },
);

agree(
  'quantile intervals',
  fixtures.quantileIntervals,
  40,
  (the, one: { values: number[]; quantile: number; horizon: number; interval: [number, number] | null }, at) => {
    const result = quantileInterval(one.values, { quantile: one.quantile, horizonCount: one.horizon });
    if (one.interval === null) the.refused(at, result, 'too-few-rows');
    else the.list(at, [answer(result).lower, answer(result).upper], one.interval, { tolerance: 0 });
  },
);

agree(
  'quantile comparisons of raw values',
  fixtures.quantilePairs,
  30,
  (the, one: { a: number[]; b: number[]; quantile: number; horizon: number; p: number }, at) => {
    const settings = { quantile: one.quantile, horizonCount: one.horizon };
    the.number(at, answer(compareQuantilesAnytime(one.a, one.b, settings)).pValue, one.p);
  },
);

agree(
  'quantile comparisons of histograms',
  fixtures.histogramPairs,
  30,
  (the, one: { bins: [number[], number[]]; quantile: number; horizon: number; logE: number }, at) => {
    const [control, treatment] = one.bins;
    const settings = { quantile: one.quantile, horizonCount: one.horizon };
    const evidence = answer(compareHistogramQuantilesAnytime({ control, treatment }, settings));
    the.number(at, evidence.logEValue, Math.max(0, one.logE));
  },
);

const quantiles: { arms: number[]; bins: number[] } = readFixture('quantiles.json');

agree(
  'quantile comparisons of 500 random pairs of arms, ties, constants, tiny, huge, from the formula in 40 digits',
  quantiles.arms.map((logE, index) => ({ logE, index })),
  500,
  (the, { logE, index }: { logE: number; index: number }, at) => {
    const { control, treatment, kind } = armsCase(index);
    const evidence = answer(compareQuantilesAnytime(control, treatment, settingsOf(index)));
    // An error of ln E is a relative error of E.
    the.number(`${at} (${kind})`, evidence.logEValue, logE, { scale: 1 });
  },
);

agree(
  'quantile comparisons of 500 random pairs of histograms, from the formula in 40 digits',
  quantiles.bins.map((logE, index) => ({ logE, index })),
  500,
  (the, { logE, index }: { logE: number; index: number }, at) => {
    const evidence = answer(compareHistogramQuantilesAnytime(binsCase(index), settingsOf(index)));
    the.number(at, evidence.logEValue, logE, { scale: 1 });
  },
);

agree(
  'clustered quantiles, as gbstats',
  fixtures.clusters,
  40,
  (
    the,
    one: { values: number[]; clusters: number[]; quantile: number; estimate: number; designEffect: number },
    at,
  ) => {
    const result = answer(estimateQuantile(one, { quantile: one.quantile }));
    the.number(`${at} estimate`, result.estimate, one.estimate);
    the.number(`${at} design effect`, result.designEffect, Math.max(1, one.designEffect));
  },
);

agree(
  'radius of the distribution band',
  fixtures.radii,
  25,
  (the, one: { alpha: number; minimum: number; count: number; radius: number }, at) => {
    const { radius } = answer(distributionRadius(one.count, { alpha: one.alpha, minimumCount: one.minimum }));
    the.number(at, radius, one.radius);
  },
);

agree(
  'empirical-Bernstein bounds, as confseq',
  fixtures.empiricalBernstein,
  12 * 30,
  (the, one: { values: number[]; best: number[]; now: number[] }, at) => {
    for (const [meanIsConstant, expected] of [
      [true, one.best],
      [false, one.now],
    ] as const) {
      const { bound } = answer(createEmpiricalBernsteinBound({ meanIsConstant }));
      const drawn: number[] = [];
      one.values.forEach((value, index) => {
        bound.add(value);
        if (index % 20 === 0) drawn.push(answer(bound.read()).lower);
      });
      the.list(at, drawn, expected);
    }
  },
);

agree(
  'anytime value of a policy, as confseq on the weighted rewards',
  fixtures.weightedBounds,
  24,
  (the, one: { logged: number[]; target: number[]; rewards: number[]; best: number[]; now: number[] }, at) => {
    for (const [valueIsConstant, expected] of [
      [true, one.best],
      [false, one.now],
    ] as const) {
      const { sequence } = answer(createOffPolicySequence({ valueIsConstant }));
      one.rewards.forEach((reward, row) => {
        sequence.add({ reward, loggedPropensity: one.logged[row]!, targetPropensity: one.target[row]! });
      });
      const point = answer(sequence.read());
      the.list(at, [point.lower, point.upper], expected);
    }
  },
);

agree(
  'chance to win and expected loss of rates, by quadrature',
  fixtures.bayesian,
  120,
  (
    the,
    one: { x: [number, number]; n: [number, number]; chance: number; lossTreatment: number; lossControl: number },
    at,
  ) => {
    const [control, treatment] = [0, 1].map((arm) => ({ successes: one.x[arm as 0 | 1], count: one.n[arm as 0 | 1] }));
    const result = answer(compareProportionsBayesian(control!, treatment!));
    the.number(`${at} chance`, result.chanceToWin, one.chance);
    the.number(`${at} loss`, result.expectedLossTreatment, one.lossTreatment);
    the.number(`${at} loss`, result.expectedLossControl, one.lossControl);
  },
);

agree(
  'chance to win and expected loss of effects',
  fixtures.bayesianEffects,
  300,
  (
    the,
    one: {
      estimate: number;
      error: number;
      prior: [number, number] | null;
      chance: number;
      mean: number;
      lossTreatment: number;
      lossControl: number;
      lower: number;
      upper: number;
    },
    at,
  ) => {
    const prior = one.prior ? { prior: { mean: one.prior[0], standardDeviation: one.prior[1] } } : {};
    const result = answer(compareEffectBayesian({ estimate: one.estimate, standardError: one.error }, prior));
    if (one.chance > 1e-290) the.number(`${at} chance`, result.chanceToWin, one.chance);
    the.number(`${at} mean`, result.mean, one.mean);
    the.number(`${at} loss`, result.expectedLossTreatment, one.lossTreatment);
    the.number(`${at} loss`, result.expectedLossControl, one.lossControl);
    the.list(`${at} interval`, [result.lower, result.upper], [one.lower, one.upper]);
  },
);

agree(
  'Model-X and AIPW on binary outcomes',
  fixtures.adaptive,
  12,
  (
    the,
    one: { share: number[]; arm: number[]; outcome: number[]; modelX: number; estimate: number; half: number },
    at,
  ) => {
    const { process } = answer(createModelXProcess({ outcome: 'binary' }));
    const { sequence } = answer(createAipwSequence({ horizonCount: 3000 }));
    one.outcome.forEach((outcome, row) => {
      const share = one.share[row] as number;
      const observation = {
        controlPropensity: 1 - share,
        treatmentPropensity: share,
        arm: one.arm[row] === 1 ? ('treatment' as const) : ('control' as const),
        outcome,
      };
      process.add(observation);
      sequence.add(observation);
    });
    the.number(`${at} evidence`, answer(process.read()).logEValue, one.modelX);
    const point = answer(sequence.read());
    the.number(`${at} estimate`, point.estimate, one.estimate);
    the.number(`${at} half-width`, (point.upper - point.lower) / 2, one.half);
  },
);

agree(
  'Model-X on outcomes of any size',
  fixtures.modelXScaled,
  6,
  (
    the,
    one: { kind: 'normal' | 'log-normal'; share: number[]; arm: number[]; outcome: number[]; logE: number },
    at,
  ) => {
    const { process } = answer(createModelXProcess({ outcome: one.kind }));
    one.outcome.forEach((outcome, row) => {
      const share = one.share[row] as number;
      const arm = one.arm[row] === 1 ? ('treatment' as const) : ('control' as const);
      process.add({ controlPropensity: 1 - share, treatmentPropensity: share, arm, outcome });
    });
    the.number(at, answer(process.read()).logEValue, one.logE);
  },
);

agree(
  'off-policy estimates as obp, to 1e-12; their errors and support',
  fixtures.offPolicy,
  3 * 21,
  (
    the,
    one: {
      rewards: number[];
      logged: number[];
      target: number[];
      predictedRewards: number[];
      predictedValues: number[];
      values: Record<OffPolicyEstimator, number>;
      errors: Record<OffPolicyEstimator, number>;
      support: Record<string, number>;
    },
    at,
  ) => {
    const rows = { ...one, loggedPropensities: one.logged, targetPropensities: one.target };
    for (const [name, value] of Object.entries(one.values)) {
      const estimator = name as OffPolicyEstimator;
      const lambda = estimator === 'sub-gaussian-ips' ? 0.3 : 2;
      const result = answer(evaluatePolicy(rows, { estimator, lambda }));
      the.number(`${at} ${name}`, result.estimate, value, { tolerance: 1e-12 });
      the.number(`${at} ${name} error`, result.standardError, one.errors[estimator], { tolerance: 1e-12 });
    }
    const { report } = answer(reportSupport(rows));
    for (const [name, value] of Object.entries(one.support)) {
      the.number(`${at} ${name}`, report[name as keyof typeof report], value, { tolerance: 1e-12 });
    }
  },
);

agree(
  'cross-fitted reward model',
  fixtures.rewardModels,
  100,
  (
    the,
    {
      predicted,
      ...one
    }: {
      rewards: number[];
      arms: number[];
      contexts: string[];
      armCount: number;
      folds: number;
      shrinkage: number;
      predicted: number[][];
    },
    at,
  ) => {
    const fitted = answer(crossFitRewardModel(one, one));
    predicted.forEach((expected, row) => {
      the.list(`${at} row ${row}`, fitted.predicted[row] as number[], expected);
    });
  },
);
