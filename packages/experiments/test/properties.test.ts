import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bernoulliInterval,
  compareAdjustedMeans,
  compareEffectBayesian,
  compareEventCounts,
  compareHistogramQuantilesAnytime,
  compareMeans,
  compareProportions,
  compareProportionsBayesian,
  compareQuantilesAnytime,
  compareRatios,
  correctPValues,
  createAipwSequence,
  createEmpiricalBernsteinBound,
  createModelXProcess,
  createSampleRatioProcess,
  createTwoProportionProcess,
  eventCountPoint,
  histogramQuantilePoint,
  type MeanSummary,
  mergePairSummaries,
  mergeSummaries,
  type PairSummary,
  quantileSequencePoint,
  relativeSequencePoint,
  sampleRatioEvidence,
  sequencePoint,
  summarisePairs,
  summariseValues,
  testSampleRatio,
  tuneMixture,
} from '../src/index.ts';
import { answer } from './fixture-comparison.ts';

const value = fc.oneof(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.constantFrom(0, 1, -1, 0.1));
const sample = fc.array(value, { minLength: 2, maxLength: 30 });
const summary = fc.record({
  count: fc.integer({ min: 2, max: 1_000_000 }),
  mean: fc.double({ min: -1e6, max: 1e6, noNaN: true }),
  variance: fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
});
const rate = fc
  .tuple(fc.integer({ min: 2, max: 20_000 }), fc.double({ min: 0, max: 1, noNaN: true }))
  .map(([count, share]) => ({ count, successes: Math.round(count * share) }));
const alpha = fc.double({ min: 1e-4, max: 0.4, noNaN: true });

const near = (actual: number, expected: number, scale = 0, tolerance = 1e-9) =>
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(tolerance * Math.max(Math.abs(expected), scale) + 1e-300);

/** Each field near, on the scale of the data: an exact equality is not promised, sums are in floating point. */
function sameMean(a: MeanSummary, b: MeanSummary) {
  expect(a.count).toBe(b.count);
  const scale = Math.sqrt(Math.max(a.variance, b.variance)) + Math.abs(b.mean);
  near(a.mean, b.mean, scale);
  near(a.variance, b.variance, scale ** 2);
}

describe('summaries', () => {
  test('merge in any order and grouping to what all values together give', () => {
    fc.assert(
      fc.property(sample, sample, sample, (x, y, z) => {
        const [a, b, c] = [answer(summariseValues(x)), answer(summariseValues(y)), answer(summariseValues(z))];
        const whole = answer(summariseValues([...x, ...y, ...z]));
        const left = answer(mergeSummaries(answer(mergeSummaries(a, b)), c));
        const right = answer(mergeSummaries(a, answer(mergeSummaries(b, c))));
        sameMean(left, whole);
        sameMean(right, whole);
        // Two summaries swap places without changing a bit.
        expect(mergeSummaries(a, b)).toEqual(mergeSummaries(b, a));
      }),
    );
  });

  test('of pairs merge as the pairs together', () => {
    const pairs = fc.array(fc.tuple(value, value), { minLength: 2, maxLength: 20 });
    const summarise = (rows: [number, number][]): PairSummary =>
      answer(
        summarisePairs(
          rows.map(([x]) => x),
          rows.map(([, y]) => y),
        ),
      );
    fc.assert(
      fc.property(pairs, pairs, (x, y) => {
        const [a, b] = [summarise(x), summarise(y)];
        const merged = answer(mergePairSummaries(a, b));
        expect(mergePairSummaries(b, a)).toEqual({ ok: true, ...merged });
        const whole = summarise([...x, ...y]);
        const scale = 2e12;
        near(merged.meanFirst, whole.meanFirst, 1e6);
        near(merged.varianceSecond, whole.varianceSecond, scale);
        near(merged.covariance, whole.covariance, scale);
        const alone = answer(
          mergeSummaries(
            { count: a.count, mean: a.meanFirst, variance: a.varianceFirst },
            { count: b.count, mean: b.meanFirst, variance: b.varianceFirst },
          ),
        );
        near(merged.varianceFirst, alone.variance, scale);
      }),
    );
  });

  test('follow a change of unit and place', () => {
    fc.assert(
      fc.property(
        sample,
        fc.constantFrom(2, 0.25, 1024),
        fc.integer({ min: -1000, max: 1000 }),
        (values, factor, shift) => {
          const before = answer(summariseValues(values));
          const after = answer(summariseValues(values.map((x) => factor * x + shift)));
          near(after.mean, factor * before.mean + shift, factor * 1e6);
          near(after.variance, factor ** 2 * before.variance, factor ** 2 * 1e12);
        },
      ),
    );
  });
});

describe('comparisons', () => {
  test('of swapped arms change sign and nothing else', () => {
    fc.assert(
      fc.property(summary, summary, alpha, (a, b, level) => {
        const there = answer(compareMeans(a, b, { alpha: level }));
        const back = answer(compareMeans(b, a, { alpha: level }));
        expect(back.estimate + there.estimate).toBe(0);
        expect(back.pValue).toBe(there.pValue);
        near(back.lower, -there.upper, there.standardError);
        const greater = answer(compareMeans(a, b, { alternative: 'greater' })).pValue;
        const less = answer(compareMeans(a, b, { alternative: 'less' })).pValue;
        near(greater + less, 1);
        near(there.pValue, 2 * Math.min(greater, less), 1e-290);
      }),
    );
  });

  test('of swapped arms give the same evidence', () => {
    fc.assert(
      fc.property(sample, sample, fc.constantFrom(0.5, 0.9), (x, y, quantile) => {
        const settings = { quantile, horizonCount: 100 };
        near(
          answer(compareQuantilesAnytime(x, y, settings)).logEValue,
          answer(compareQuantilesAnytime(y, x, settings)).logEValue,
          1,
        );
      }),
    );
    fc.assert(
      fc.property(fc.nat(2000), fc.integer({ min: 1, max: 2000 }), (control, treatment) => {
        const there = answer(compareEventCounts({ control, treatment }, 0.5)).logEValue;
        near(answer(compareEventCounts({ control: treatment, treatment: control }, 0.5)).logEValue, there, 1);
      }),
    );
  });

  test('of relabelled arms: chances to win sum to one, losses swap', () => {
    fc.assert(
      fc.property(rate, rate, (a, b) => {
        const there = answer(compareProportionsBayesian(a, b));
        const back = answer(compareProportionsBayesian(b, a));
        near(there.chanceToWin + back.chanceToWin, 1, 0, 1e-8);
        near(there.expectedLossControl, back.expectedLossTreatment, 1e-12);
        // E(B − A) = loss of the control − loss of the treatment.
        const mean = (arm: typeof a) => (1 + arm.successes) / (2 + arm.count);
        near(there.expectedLossControl - there.expectedLossTreatment, mean(b) - mean(a), 1);
      }),
      { numRuns: 40 },
    );
    fc.assert(
      fc.property(value, fc.double({ min: 1e-3, max: 1e3, noNaN: true }), (estimate, standardError) => {
        const higher = answer(compareEffectBayesian({ estimate, standardError })).chanceToWin;
        const lower = answer(compareEffectBayesian({ estimate, standardError }, { isHigherBetter: false })).chanceToWin;
        near(higher + lower, 1);
      }),
    );
  });

  test('p-values lie in [0, 1] and say what the interval says', () => {
    fc.assert(
      fc.property(
        summary,
        summary,
        alpha,
        fc.constantFrom('two-sided', 'greater', 'less'),
        (a, b, level, alternative) => {
          const effect = answer(compareMeans(a, b, { alpha: level, alternative }));
          expect(effect.pValue).toBeGreaterThanOrEqual(0);
          expect(effect.pValue).toBeLessThanOrEqual(1);
          fc.pre(Math.abs(effect.pValue / level - 1) > 1e-6);
          expect(effect.lower > 0 || effect.upper < 0).toBe(effect.pValue < level);
        },
      ),
    );
    fc.assert(
      fc.property(rate, rate, (a, b) => {
        const effect = compareProportions(a, b);
        fc.pre(effect.ok);
        if (effect.ok) expect(effect.pValue >= 0 && effect.pValue <= 1).toBe(true);
      }),
    );
  });

  test('shrink with the number of rows', () => {
    fc.assert(
      fc.property(summary, summary, (a, b) => {
        const more = (arm: MeanSummary) => ({ ...arm, count: 4 * arm.count });
        const few = answer(compareMeans(a, b));
        const many = answer(compareMeans(more(a), more(b)));
        expect(many.upper - many.lower).toBeLessThan(few.upper - few.lower);
        const { mixtureVariance } = answer(tuneMixture({ horizonCount: 10_000 }));
        const total = a.count + b.count + 200;
        const early = answer(sequencePoint(few, total, { mixtureVariance }));
        const late = answer(sequencePoint(many, 4 * total, { mixtureVariance }));
        expect(late.upper - late.lower).toBeLessThan(early.upper - early.lower);
      }),
    );
    fc.assert(
      fc.property(rate, ({ successes, count }) => {
        const few = answer(bernoulliInterval(successes, count, { horizonCount: 1000 }));
        const many = answer(bernoulliInterval(8 * successes, 8 * count, { horizonCount: 1000 }));
        expect(few.lower <= few.estimate && few.estimate <= few.upper).toBe(true);
        expect(many.upper - many.lower).toBeLessThan(few.upper - few.lower);
      }),
      { numRuns: 50 },
    );
  });

  test('a covariate without correlation changes nothing, a perfect one removes all variance', () => {
    const pair = (mean: number, covariance: number): PairSummary => ({
      count: 400,
      meanFirst: mean,
      meanSecond: 5,
      varianceFirst: 4,
      varianceSecond: 4,
      covariance,
    });
    const useless = answer(compareAdjustedMeans(pair(1, 0), pair(1.3, 0)));
    const plain = answer(compareMeans({ count: 400, mean: 1, variance: 4 }, { count: 400, mean: 1.3, variance: 4 }));
    near(useless.estimate, plain.estimate);
    near(useless.pValue, plain.pValue);
    expect(answer(compareAdjustedMeans(pair(1, 3.9), pair(1.3, 3.9))).varianceRemoved).toBeGreaterThan(0.94);
  });

  test('a ratio over a constant denominator is a mean', () => {
    fc.assert(
      fc.property(summary, summary, fc.constantFrom(1, 2, 8), (a, b, size) => {
        const over = (arm: MeanSummary): PairSummary => ({
          count: arm.count,
          meanFirst: size * arm.mean,
          meanSecond: size,
          varianceFirst: size ** 2 * arm.variance,
          varianceSecond: 0,
          covariance: 0,
        });
        const [ratio, mean] = [answer(compareRatios(over(a), over(b))), answer(compareMeans(a, b))];
        near(ratio.estimate, mean.estimate, 1e6);
        near(ratio.standardError, mean.standardError);
      }),
    );
  });
});

describe('sequences', () => {
  test('are wider than one look, and their p-values say what their ends say', () => {
    fc.assert(
      fc.property(
        value,
        fc.double({ min: 1e-3, max: 1e5, noNaN: true }),
        fc.integer({ min: 200, max: 1e6 }),
        alpha,
        (estimate, standardError, count, level) => {
          const { mixtureVariance } = answer(tuneMixture({ alpha: level, horizonCount: 5000 }));
          const point = answer(sequencePoint({ estimate, standardError }, count, { mixtureVariance, alpha: level }));
          const p = point.pValue as number;
          expect(p >= 0 && p <= 1).toBe(true);
          fc.pre(Math.abs(p / level - 1) > 1e-6);
          expect(point.lower > 0 || point.upper < 0).toBe(p < level);
          expect(point.upper - point.lower).toBeGreaterThan(2 * 1.28 * standardError * (level > 0.2 ? 0.5 : 1));
        },
      ),
    );
  });

  test('of lifts exclude 0 exactly when those of differences do, and turn round with the unit', () => {
    fc.assert(
      fc.property(summary, summary, (a, b) => {
        const { mixtureVariance } = answer(tuneMixture({ horizonCount: 5000 }));
        const settings = { mixtureVariance, minimumCount: 2 };
        const lift = relativeSequencePoint(a, b, settings);
        fc.pre(lift.ok);
        const standardError = Math.sqrt(a.variance / a.count + b.variance / b.count);
        const difference = answer(
          sequencePoint({ estimate: b.mean - a.mean, standardError }, a.count + b.count, settings),
        );
        fc.pre(Math.abs((difference.pValue as number) / 0.05 - 1) > 1e-6);
        if (lift.ok) {
          expect(lift.lower > 0 || lift.upper < 0).toBe(difference.lower > 0 || difference.upper < 0);
          const negative = answer(relativeSequencePoint({ ...a, mean: -a.mean }, { ...b, mean: -b.mean }, settings));
          near(negative.lower, -lift.upper, lift.upper - lift.lower);
          near(negative.upper, -lift.lower, lift.upper - lift.lower);
        }
      }),
    );
  });

  test('of event counts exclude 0 exactly when the evidence is there', () => {
    fc.assert(
      fc.property(
        fc.nat(300),
        fc.integer({ min: 1, max: 300 }),
        fc.double({ min: 0.02, max: 0.98, noNaN: true }),
        (control, treatment, share) => {
          const point = answer(eventCountPoint({ control, treatment }, share));
          const evidence = answer(compareEventCounts({ control, treatment }, share));
          fc.pre(Math.abs(evidence.logEValue - Math.log(20)) > 1e-6);
          expect(point.lower > 0 || point.upper < 0).toBe(evidence.isDifferent);
          expect(point.lower).toBeLessThanOrEqual(point.estimate);
          expect(point.upper).toBeGreaterThanOrEqual(point.estimate);
        },
      ),
    );
  });

  test('of histograms never claim more than those of the raw values', () => {
    const latency = fc.array(fc.integer({ min: 0, max: 39 }), { minLength: 5, maxLength: 200 });
    fc.assert(
      fc.property(latency, latency, fc.constantFrom(1, 4, 10), (x, y, width) => {
        const settings = { quantile: 0.5, horizonCount: 60 };
        const bins = (values: number[]) => {
          const counts = new Array<number>(40).fill(0);
          for (const one of values) counts[Math.floor(one / width)]! += 1;
          return counts;
        };
        const binned = answer(compareHistogramQuantilesAnytime({ control: bins(x), treatment: bins(y) }, settings));
        const raw = answer(compareQuantilesAnytime(x, y, settings));
        expect(binned.logEValue).toBeLessThanOrEqual(raw.logEValue + 1e-6);
      }),
    );
  });

  test('of histograms hold those of the raw values, no wider than their bins', () => {
    const latency = fc.array(fc.double({ min: 0, max: 39.99, noNaN: true }), { minLength: 80, maxLength: 300 });
    fc.assert(
      fc.property(latency, latency, fc.constantFrom(0.5, 0.8), (x, y, quantile) => {
        const settings = { quantile, horizonCount: 60 };
        const raw = quantileSequencePoint(x, y, settings);
        fc.pre(raw.ok);
        const bins = (values: number[]) => {
          const counts = new Array<number>(40).fill(0);
          for (const one of values) counts[Math.floor(one)]! += 1;
          return counts;
        };
        const edges = Array.from({ length: 41 }, (_, edge) => edge);
        const binned = answer(histogramQuantilePoint({ control: bins(x), treatment: bins(y) }, edges, settings));
        if (!raw.ok) return;
        expect(binned.lower).toBeLessThanOrEqual(raw.lower);
        expect(binned.upper).toBeGreaterThanOrEqual(raw.upper);
        expect(binned.upper - binned.lower).toBeLessThanOrEqual(raw.upper - raw.lower + 4);
        expect(binned.lower <= binned.estimate && binned.estimate <= binned.upper).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  test('stored and taken up again go on as if nothing had happened', () => {
    const observations = fc.array(
      fc.record({
        arm: fc.constantFrom('control' as const, 'treatment' as const),
        share: fc.double({ min: 0.05, max: 0.95, noNaN: true }),
        outcome: fc.constantFrom(0, 1),
      }),
      { minLength: 2, maxLength: 60 },
    );
    fc.assert(
      fc.property(observations, fc.double({ min: 0, max: 1, noNaN: true }), (rows, cut) => {
        const at = Math.floor(rows.length * cut);
        const take = <T>(state: T): T => JSON.parse(JSON.stringify(state));
        const observation = ({ arm, share, outcome }: (typeof rows)[number]) => ({
          controlPropensity: 1 - share,
          treatmentPropensity: share,
          arm,
          outcome,
        });
        const aipwOptions = { horizonCount: 100, minimumCount: 2, minimumPerArm: 1 };
        const whole = answer(createModelXProcess({ outcome: 'binary' })).process;
        const wholeAipw = answer(createAipwSequence(aipwOptions)).sequence;
        let model = answer(createModelXProcess({ outcome: 'binary' })).process;
        let aipw = answer(createAipwSequence(aipwOptions)).sequence;
        rows.forEach((row, index) => {
          if (index === at) {
            model = answer(createModelXProcess({ outcome: 'binary', saved: take(model.state()) })).process;
            aipw = answer(createAipwSequence({ ...aipwOptions, saved: take(aipw.state()) })).sequence;
          }
          for (const process of [whole, model]) process.add(observation(row));
          for (const sequence of [wholeAipw, aipw]) sequence.add(observation(row));
        });
        expect(model.read()).toEqual(whole.read());
        expect(aipw.read()).toEqual(wholeAipw.read());
      }),
    );
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 40 }), (values) => {
        const one = answer(createEmpiricalBernsteinBound()).bound;
        let other = answer(createEmpiricalBernsteinBound()).bound;
        for (const x of values) {
          one.add(x);
          other = answer(createEmpiricalBernsteinBound({ saved: other.state() })).bound;
          other.add(x);
        }
        expect(other.read()).toEqual(one.read());
      }),
    );
  });

  test('refuse a bad value and stay as they were', () => {
    const { process } = answer(createTwoProportionProcess());
    process.add({ control: { successes: 1, count: 5 }, treatment: { successes: 4, count: 5 } });
    const before = process.state();
    expect(process.add({ control: { successes: 6, count: 5 }, treatment: { successes: 0, count: 0 } })).toMatchObject({
      ok: false,
    });
    expect(process.state()).toEqual(before);
    const split = answer(createSampleRatioProcess(2)).process;
    split.add({ shares: [0.5, 0.5], counts: [5, 6] });
    const state = split.state();
    expect(split.add({ shares: [1, 0], counts: [5, 6] })).toMatchObject({ reason: 'traffic-without-share' });
    expect(split.state()).toEqual(state);
  });

  test('multiply into e-values of mean 1 when nothing differs', () => {
    // Exact over all outcomes of one request: Σ_arm π Σ_y P(y) E = 1.
    fc.assert(
      fc.property(
        fc.double({ min: 0.05, max: 0.95, noNaN: true }),
        fc.double({ min: 0.05, max: 0.95, noNaN: true }),
        fc.array(fc.constantFrom(0, 1), { maxLength: 8 }),
        (share, p, past) => {
          const create = () => {
            const { process } = answer(createModelXProcess({ outcome: 'binary' }));
            past.forEach((outcome, index) => {
              process.add({
                controlPropensity: 0.5,
                treatmentPropensity: 0.5,
                arm: index % 3 ? 'control' : 'treatment',
                outcome,
              });
            });
            return process;
          };
          const start = past.length > 0 ? Math.exp(answer(create().read()).logEValue) : 1;
          let expected = 0;
          for (const arm of ['control', 'treatment'] as const) {
            for (const outcome of [0, 1]) {
              const process = create();
              process.add({ controlPropensity: 1 - share, treatmentPropensity: share, arm, outcome });
              const chance = (arm === 'treatment' ? share : 1 - share) * (outcome === 1 ? p : 1 - p);
              expected += chance * Math.exp(answer(process.read()).logEValue);
            }
          }
          near(expected, start);
        },
      ),
    );
  });
});

describe('splits and corrections', () => {
  const shares = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 5 });

  test('do not depend on the order of the arms', () => {
    fc.assert(
      fc.property(shares, fc.array(fc.nat(3000), { minLength: 5, maxLength: 5 }), (weights, seen) => {
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const rows = weights.map((weight, arm) => ({ share: weight / total, count: 50 + (seen[arm] as number) }));
        const epoch = (list: typeof rows) => ({
          shares: list.map(({ share }) => share),
          counts: list.map(({ count }) => count),
        });
        const [there, back] = [epoch(rows), epoch([...rows].reverse())];
        near(answer(testSampleRatio([there])).statistic, answer(testSampleRatio([back])).statistic, 1);
        near(answer(sampleRatioEvidence(there)).logEValue, answer(sampleRatioEvidence(back)).logEValue, 1);
        // Cutting the same arrivals into two epochs of equal shares changes nothing.
        const half = { ...there, counts: there.counts.map((count) => Math.floor(count / 2)) };
        const rest = { ...there, counts: there.counts.map((count, arm) => count - (half.counts[arm] as number)) };
        near(answer(testSampleRatio([half, rest])).statistic, answer(testSampleRatio([there])).statistic, 1);
      }),
    );
  });

  test('adjusted p-values keep their order, never fall below the raw ones, and follow the tests when these are shuffled', () => {
    const pValues = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 20 });
    const method = fc.constantFrom('bonferroni', 'holm', 'hochberg', 'benjamini-hochberg', 'benjamini-yekutieli');
    fc.assert(
      fc.property(pValues, method, (p, chosen) => {
        const { adjusted } = answer(correctPValues(p, { method: chosen }));
        adjusted.forEach((value, index) => {
          expect(value).toBeGreaterThanOrEqual(p[index] as number);
          expect(value).toBeLessThanOrEqual(1);
          adjusted.forEach((other, k) => {
            if ((p[index] as number) < (p[k] as number)) expect(value).toBeLessThanOrEqual(other);
          });
        });
        const reversed = answer(correctPValues([...p].reverse(), { method: chosen })).adjusted;
        expect([...reversed].reverse()).toEqual(adjusted);
      }),
    );
  });
});
