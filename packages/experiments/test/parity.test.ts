import { expect, test } from 'vitest';
import {
  achievedPower,
  type CorrectionMethod,
  compareAdjustedMeans,
  compareMeans,
  comparePairedOutcomes,
  comparePooledProportions,
  compareProportions,
  compareRatios,
  correctPValues,
  type Effect,
  estimateQuantile,
  minimumDetectableEffect,
  newcombeInterval,
  rejectEValues,
  requiredSampleSize,
  requiredSequentialSampleSize,
  sampleRatioEvidence,
  summarisePairSums,
  summariseValues,
  testSampleRatio,
  tuneMixture,
} from '../src/index.ts';
import { answer, Comparison, readFixture } from './fixture-comparison.ts';

// Made by parity/make_fixtures.py (versions in parity/requirements.txt and in the file): SciPy, statsmodels, gbstats, and
// formulas in 40 digits where those lose digits. Every case within 1e-9, relative.

const fixtures = readFixture('parity.json');
const sequences = readFixture('sequences.json');

/** Runs the check on all cases; at least `minimum` numbers must have been compared. */
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

interface Summary {
  count: number;
  mean: number;
  variance: number;
}
interface Expected {
  estimate: number;
  p: number;
  lower: number;
  upper: number;
}

function sameEffect(the: Comparison, at: string, actual: Effect, expected: Expected) {
  the.number(`${at} estimate`, actual.estimate, expected.estimate);
  the.number(`${at} lower`, actual.lower, expected.lower);
  the.number(`${at} upper`, actual.upper, expected.upper);
  if (expected.p > 1e-280) the.number(`${at} p`, actual.pValue, expected.p);
}

agree(
  'means: Welch, absolute and relative, tiny and huge',
  fixtures.means,
  8_800,
  (
    the,
    {
      a,
      b,
      absolute,
      relative,
    }: { a: Summary; b: Summary; absolute: Expected & { dof: number; pGreater: number }; relative: Expected },
    at,
  ) => {
    const effect = answer(compareMeans(a, b));
    sameEffect(the, at, effect, absolute);
    the.number(`${at} dof`, effect.degreesOfFreedom, absolute.dof);
    if (absolute.pGreater > 1e-280)
      the.number(`${at} one-sided`, answer(compareMeans(a, b, { alternative: 'greater' })).pValue, absolute.pGreater);
    sameEffect(the, `${at} relative`, answer(compareMeans(a, b, { scale: 'relative' })), relative);
  },
);

agree(
  'real columns: summaries, Welch, quantile intervals',
  fixtures.columns,
  43 * 10,
  (
    the,
    one: {
      name: string;
      a: number[];
      b: number[];
      summaryA: Summary;
      summaryB: Summary;
      absolute: Expected;
      welchRaw: number;
      quantiles: [number, number, number | null, number | null][];
    },
    at,
  ) => {
    const [a, b] = [answer(summariseValues(one.a)), answer(summariseValues(one.b))];
    for (const [actual, expected] of [
      [a, one.summaryA],
      [b, one.summaryB],
    ] as const) {
      the.number(`${at} mean`, actual.mean, expected.mean);
      the.number(`${at} variance`, actual.variance, expected.variance);
    }
    const effect = answer(compareMeans(a, b));
    sameEffect(the, at, effect, one.absolute);
    the.number(`${at} raw`, effect.pValue, one.welchRaw);
    one.quantiles.forEach(([quantile, estimate, lower, upper], index) => {
      const result = estimateQuantile({ values: index % 2 === 0 ? one.a : one.b }, { quantile });
      if (lower === null) the.refused(`${at} quantile`, result, 'too-few-rows');
      else if (lower === upper) the.refused(`${at} quantile`, result, 'constant');
      else
        the.list(
          `${at} quantile`,
          [answer(result).estimate, answer(result).lower, answer(result).upper],
          [estimate, lower, upper as number],
        );
    });
  },
);

agree(
  'raw samples: ties, constants, missing, tiny and huge',
  fixtures.raw,
  600,
  (the, one: { values: (number | null)[] } & Summary, at) => {
    const summary = answer(summariseValues(one.values));
    the.number(`${at} mean`, summary.mean, one.mean);
    the.number(`${at} variance`, summary.variance, one.variance);
    the.number(`${at} count`, summary.count, one.count);
    the.number(`${at} missing`, summary.missing, one.values.length - one.count);
  },
);

agree(
  'ratios and covariate adjustment, as gbstats',
  fixtures.pairs,
  200 * 15,
  (
    the,
    one: { a: never; b: never; theta: number; 'cuped-relative': { estimate: number; standardError: number } } & Record<
      'ratio-absolute' | 'ratio-relative' | 'cuped-absolute',
      Expected
    >,
    at,
  ) => {
    const [a, b] = [answer(summarisePairSums(one.a)), answer(summarisePairSums(one.b))];
    sameEffect(the, `${at} ratio`, answer(compareRatios(a, b)), one['ratio-absolute']);
    sameEffect(the, `${at} lift of a ratio`, answer(compareRatios(a, b, { scale: 'relative' })), one['ratio-relative']);
    const adjusted = answer(compareAdjustedMeans(a, b));
    the.number(`${at} θ`, adjusted.coefficient, one.theta);
    sameEffect(the, `${at} adjusted`, adjusted, one['cuped-absolute']);
    const lift = answer(compareAdjustedMeans(a, b, { scale: 'relative' }));
    the.number(`${at} adjusted lift`, lift.estimate, one['cuped-relative'].estimate);
    the.number(`${at} its error`, lift.standardError, one['cuped-relative'].standardError);
  },
);

agree(
  'proportions: pooled test, Newcombe, unpooled',
  fixtures.proportions,
  1_200,
  (
    the,
    { x, n, z, p, newcombe }: { x: [number, number]; n: [number, number]; z: number; p: number; newcombe: number[] },
    at,
  ) => {
    const [a, b] = [
      { successes: x[0], count: n[0] },
      { successes: x[1], count: n[1] },
    ];
    const pooled = answer(comparePooledProportions(a, b));
    the.number(`${at} z`, pooled.statistic, z);
    the.number(`${at} p`, pooled.pValue, p);
    const interval = answer(newcombeInterval(a, b));
    the.list(`${at} Newcombe`, [interval.lower, interval.upper], newcombe);
    const rates = [x[0] / n[0], x[1] / n[1]] as const;
    const unpooled = compareProportions(a, b);
    if (unpooled.ok) {
      the.number(
        `${at} error`,
        unpooled.standardError,
        Math.hypot(...rates.map((rate, i) => Math.sqrt((rate * (1 - rate)) / n[i as 0 | 1]))),
      );
    } else the.refused(`${at} unpooled`, unpooled, 'one-class');
  },
);

agree(
  'corrections, as statsmodels',
  fixtures.corrections,
  60 * 5,
  (the, { p, ...expected }: { p: number[] } & Record<string, number[]>, at) => {
    for (const [method, values] of Object.entries(expected)) {
      const corrected = answer(correctPValues(p, { method: method as CorrectionMethod }));
      the.list(`${at} ${method}`, corrected.adjusted, values as number[]);
      expect(corrected.rejected).toEqual(corrected.adjusted.map((value) => value <= 0.05));
    }
  },
);

agree(
  'e-values, corrected',
  sequences.eBh,
  60,
  (the, { logE, rejected }: { logE: number[]; rejected: boolean[] }, at) => {
    the.list(at, answer(rejectEValues(logE)).rejected.map(Number), rejected.map(Number));
  },
);

agree(
  'power, as statsmodels',
  fixtures.power,
  200,
  (the, one: { effect: number; n: number; ratio: number; alpha: number; twoSided: number; oneSided: number }, at) => {
    // Theirs: effect in standard deviations, n of the first group, ratio of the second to it.
    const variances = { varianceControl: 1, varianceTreatment: 1 };
    const counts = { countControl: one.n * one.ratio, countTreatment: one.n };
    const power = (alternative: 'two-sided' | 'one-sided') =>
      answer(achievedPower(one.effect, variances, counts, { alpha: one.alpha, alternative })).power;
    the.number(`${at} two-sided`, power('two-sided'), one.twoSided);
    the.number(`${at} one-sided`, power('one-sided'), one.oneSided);
  },
);

agree(
  'sample sizes, fixed and sequential, and detectable effects',
  sequences.designs,
  300,
  (
    the,
    one: {
      alpha: number;
      power: number;
      share: number;
      effect: number;
      variance: [number, number];
      oneSided: boolean;
      total: number;
      sequential: number;
      counts: [number, number];
      detectable: number;
    },
    at,
  ) => {
    const variances = { varianceControl: one.variance[0], varianceTreatment: one.variance[1] };
    const options = {
      alpha: one.alpha,
      power: one.power,
      treatmentShare: one.share,
      alternative: one.oneSided ? ('one-sided' as const) : ('two-sided' as const),
    };
    the.number(`${at} fixed`, answer(requiredSampleSize(one.effect, variances, options)).exactTotal, one.total);
    the.number(
      `${at} sequential`,
      answer(requiredSequentialSampleSize(one.effect, variances, options)).exactTotal,
      one.sequential,
    );
    const counts = { countControl: one.counts[0], countTreatment: one.counts[1] };
    the.number(`${at} detectable`, answer(minimumDetectableEffect(variances, counts, options)).effect, one.detectable);
  },
);

agree(
  'sample ratio, fixed shares',
  fixtures.sampleRatios.fixed,
  200,
  (the, { shares, counts, statistic, p }: { shares: number[]; counts: number[]; statistic: number; p: number }, at) => {
    const result = answer(testSampleRatio([{ shares, counts }]));
    the.number(`${at} statistic`, result.statistic, statistic);
    the.number(`${at} p`, result.pValue, p);
  },
);

agree(
  'sample ratio, changing shares',
  fixtures.sampleRatios.varying,
  100,
  (
    the,
    { epochs, statistic, p }: { epochs: { shares: number[]; counts: number[] }[]; statistic: number; p: number },
    at,
  ) => {
    const result = answer(testSampleRatio(epochs));
    the.number(`${at} statistic`, result.statistic, statistic);
    the.number(`${at} p`, result.pValue, p);
  },
);

agree(
  'sample ratio at any time',
  fixtures.sampleRatios.anytime,
  150,
  (the, { shares, counts, logE }: { shares: number[]; counts: number[]; logE: number }, at) => {
    // A difference of log-gammas: the last digits of counts near 1e5 are those of numbers near 1e6.
    the.number(at, answer(sampleRatioEvidence({ shares, counts })).logEValue, logE);
  },
);

agree('paired outcomes, as McNemar', fixtures.mcnemar, 30, (the, [wins, losses, p]: [number, number, number], at) => {
  const counts = { pairs: wins + losses + 10, onlyChallengerRight: wins, onlyChampionRight: losses };
  the.number(at, answer(comparePairedOutcomes(counts)).pValue, p);
});

agree('tuning constant', fixtures.tuning, 6, (the, [alpha, constant]: [number, number], at) => {
  the.number(at, answer(tuneMixture({ alpha, horizonCount: 1 })).mixtureVariance, constant);
});
