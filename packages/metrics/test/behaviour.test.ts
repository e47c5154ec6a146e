import { describe, expect, test } from 'vitest';
import { seededRandom } from '../simulations/random.ts';
import {
  binaryContributions,
  catalogueCoverage,
  cohortMaturity,
  completeRows,
  costOptimalThreshold,
  falsePositiveRateAtRecall,
  fitConfidenceBasedEstimator,
  fitLabelDelay,
  inverseLabelWeights,
  LatencyHistogram,
  labelShareAt,
  liftAtTop,
  operatingPoints,
  recallAtFalsePositiveRate,
  regressionContributions,
  rocAuc,
  segmentTable,
} from '../src/index.ts';
import { expectedAuc, expectedAucError } from '../src/internal/expected-confusion.ts';

const random = seededRandom(5);
const scores = Array.from({ length: 200 }, () => Math.round(random.uniform() * 50) / 50);
const labels = scores.map((score) => random.bernoulli(score));
const values = { truePositive: 3, falsePositive: -1, falseNegative: -7, trueNegative: 0.1 };

function cellsFrom(threshold: number) {
  const of = (label: number, predicted: boolean) =>
    labels.filter((one, row) => one === label && (scores[row] as number) >= threshold === predicted).length;
  return { tp: of(1, true), fp: of(0, true), fn: of(1, false), tn: of(0, false) };
}

function must<T extends { ok: boolean }>(answer: T): Extract<T, { ok: true }> {
  if (!answer.ok) throw new Error(JSON.stringify(answer));
  return answer as Extract<T, { ok: true }>;
}

describe('thresholds, against trying them all', () => {
  const all = [...new Set(scores), Number.POSITIVE_INFINITY].map((threshold) => ({
    threshold,
    ...cellsFrom(threshold),
  }));

  test('the cost-optimal one has the most value; its gain is over alerting nobody or everybody', () => {
    const worth = ({ tp, fp, fn, tn }: ReturnType<typeof cellsFrom>) => 3 * tp - fp - 7 * fn + 0.1 * tn;
    const best = must(costOptimalThreshold(labels, scores, values));
    const most = Math.max(...all.map(worth));
    expect(must(best.valuePerRow).value * 200).toBeCloseTo(most, 9);
    expect(worth(cellsFrom(best.threshold))).toBeCloseTo(most, 9);
    expect(best.gain).toBeGreaterThan(0);
    expect(best.gain * 200).toBeCloseTo(most - Math.max(worth(cellsFrom(0)), worth(cellsFrom(2))), 9);
    const hopeless = must(costOptimalThreshold(labels, scores, { ...values, truePositive: -9, falseNegative: 0 }));
    expect(hopeless.threshold).toBe(Number.POSITIVE_INFINITY);
  });

  test('recall at a false positive rate, and the reverse', () => {
    for (const limit of [0.05, 0.1, 0.3]) {
      const allowed = all.filter(({ fp, tn }) => fp / (fp + tn) <= limit);
      const found = must(recallAtFalsePositiveRate(labels, scores, limit));
      expect(must(found.recall).value).toBe(Math.max(...allowed.map(({ tp, fn }) => tp / (tp + fn))));
      expect(must(found.falsePositiveRate).value).toBeLessThanOrEqual(limit);
    }
    for (const recall of [0.5, 0.9, 1]) {
      const allowed = all.filter(({ tp, fn }) => tp / (tp + fn) >= recall);
      const found = must(falsePositiveRateAtRecall(labels, scores, recall));
      expect(must(found.falsePositiveRate).value).toBe(Math.min(...allowed.map(({ fp, tn }) => fp / (fp + tn))));
    }
  });

  test('operating points are the cells at the threshold; alerts per thousand follow', () => {
    const { points } = must(operatingPoints(labels, scores, [0.25, 0.75]));
    for (const point of points) {
      const { tp, fp, fn } = cellsFrom(point.threshold);
      expect(must(point.precision).value).toBe(tp / (tp + fp));
      expect(must(point.recall).value).toBe(tp / (tp + fn));
      expect(must(point.alertsPerThousand).value).toBeCloseTo(5 * (tp + fp), 9);
    }
  });

  test('lift at the top: a tie at the edge counts in proportion', () => {
    const lift = must(
      liftAtTop([1, 1, 0, 0, 0, 1, 0, 0, 0, 0], [0.9, 0.8, 0.8, 0.8, 0.8, 0.1, 0.1, 0.1, 0.1, 0.1], 0.3),
    );
    // First row, then 2 of the 4 tied ones, a quarter of which is positive.
    expect(lift.precision).toBeCloseTo(1.5 / 3, 12);
    expect(lift.lift).toBeCloseTo(0.5 / 0.3, 12);
    expect(lift.gain).toBeCloseTo(0.5, 12);
  });
});

test('perfect separation keeps an honest interval: the exact bound of disjoint pairs', () => {
  const area = must(rocAuc([0, 0, 0, 1, 1, 1], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]));
  expect(area).toMatchObject({ value: 1, upper: 1, method: 'disjoint-pairs' });
  expect(area.lower).toBeCloseTo(0.025 ** (1 / 3), 12);
});

describe('segments', () => {
  const rows = 3000;
  const regions = Array.from({ length: rows }, (_, row) => `r${row % 10}`);
  const right = regions.map((region) => random.bernoulli(region === 'r3' ? 0.6 : 0.9));

  test('the segment that pulls the figure down comes first, with its share of the damage', () => {
    const contributions = must(
      binaryContributions(
        right,
        right.map(() => 1),
        'accuracy',
      ),
    );
    const { rows: found, overall } = must(segmentTable({ region: regions }, contributions));
    const first = found[0];
    expect(first).toMatchObject({ dimension: 'region', segment: 'r3', rows: 300, labelCoverage: 1 });
    const comparison = must(first?.comparison ?? { ok: false });
    expect(comparison.adjustedPValue).toBeLessThan(1e-6);
    const rest = right.filter((_, row) => regions[row] !== 'r3');
    const ofRest = rest.reduce<number>((total, one) => total + one, 0) / rest.length;
    expect(overall.value - (first?.impact ?? 0)).toBeCloseTo(ofRest, 12);
  });

  test('p-values are adjusted over all segments: Benjamini–Hochberg, by its definition', () => {
    const contributions = must(
      binaryContributions(
        right,
        right.map(() => 1),
        'accuracy',
      ),
    );
    const { rows: found } = must(segmentTable({ region: regions }, contributions));
    const tested = found.map(({ comparison }) => must(comparison)).sort((a, b) => a.pValue - b.pValue);
    for (const [at, { adjustedPValue }] of tested.entries()) {
      const steps = tested.slice(at).map(({ pValue }, later) => (pValue * tested.length) / (at + later + 1));
      expect(adjustedPValue).toBeCloseTo(Math.min(1, ...steps), 12);
    }
  });

  test('regression errors by segment; small and missing segments are shown without a verdict', () => {
    const targets = Array.from({ length: 100 }, () => random.normal());
    const tiers = targets.map((_, row) => (row < 5 ? 'tiny' : row % 2 ? 'even' : null));
    const contributions = must(
      regressionContributions(
        targets,
        targets.map((target, row) => target + (row % 2)),
        'absolute-error',
      ),
    );
    const { rows: found } = must(segmentTable({ tier: tiers }, contributions));
    expect(found.map(({ segment }) => segment).sort()).toEqual(['(missing)', 'even', 'tiny']);
    expect(found.find(({ segment }) => segment === 'tiny')?.comparison).toMatchObject({
      ok: false,
      reason: 'too-few-rows',
    });
    expect(must(found.find(({ segment }) => segment === 'even')?.metric ?? { ok: false }).value).toBe(1);
  });
});

describe('label delay', () => {
  const times = { predictedAtMs: [0, 0, 0, 0, 50, 50], labelledAtMs: [10, 20, 30, null, 60, null], nowMs: 60 };
  const { curve } = must(fitLabelDelay(times));

  test('young rows are waiting, not lost', () => {
    // At delay 10 two of six labels come, one row stops waiting at age 10; then one of three, then one of two.
    expect(curve.delaysMs).toEqual([10, 20, 30]);
    expect(curve.labelledShares[0]).toBeCloseTo(2 / 6, 12);
    expect(curve.finalShare).toBeCloseTo(1 - (4 / 6) * (2 / 3) * (1 / 2), 12);
    expect(must(labelShareAt(curve, 25)).share).toBeCloseTo(1 - (4 / 6) * (2 / 3), 12);
    expect(must(labelShareAt(curve, 5)).share).toBe(0);
    expect(must(labelShareAt(curve, 90)).isExtrapolated).toBe(true);
  });

  test('cohorts know how mature they are, and weights speak for the missing', () => {
    const { cohorts } = must(cohortMaturity(curve, times, { cohortMs: 50 }));
    expect(cohorts.map(({ rows, labelled, isMature }) => [rows, labelled, isMature])).toEqual([
      [4, 3, true],
      [2, 1, false],
    ]);
    expect(cohorts[1]?.maturity).toBeCloseTo(2 / 6 / curve.finalShare, 12);
    const { weights, cut } = must(inverseLabelWeights(curve, times, { maximumWeight: 2 }));
    expect(cut).toBe(1);
    expect([...weights]).toEqual([1, 1, 1, 0, 0, 0].map((one) => one / curve.finalShare).with(4, 2));
  });
});

test('latency: share within a limit is bracketed, the smallest bins join first', () => {
  const histogram = new LatencyHistogram(0.01);
  for (let value = 1; value <= 1000; value += 1) histogram.add(value);
  const within = must(histogram.shareWithin(500));
  expect(within.lower).toBeLessThanOrEqual(0.5);
  expect(within.upper).toBeGreaterThanOrEqual(0.5);
  expect(within.upper - within.lower).toBeLessThan(0.02);
  expect(must(histogram.summary())).toMatchObject({ count: 1000, mean: 500.5, minimum: 1, maximum: 1000 });
  const narrow = new LatencyHistogram(0.01, 100);
  for (const value of [1e-6, 1, 900, 950, 1000]) narrow.add(value, 200);
  expect(narrow.toJSON().bins.length).toBeLessThanOrEqual(100);
  expect(must(narrow.quantile(0.95)).value).toBeCloseTo(1000, -2);
});

test('CBPE leaves a calibrated model alone and corrects an over-confident one', () => {
  const truth = Array.from({ length: 4000 }, () => random.uniform());
  const drawn = truth.map((p) => random.bernoulli(p));
  const confident = truth.map((p) => p ** 4 / (p ** 4 + (1 - p) ** 4));
  const corrected = must(fitConfidenceBasedEstimator(drawn, confident, { random: random.uniform }));
  expect(corrected.estimator.calibrator).not.toBeNull();
  expect(corrected.estimator.heldOutError?.after).toBeLessThan(corrected.estimator.heldOutError?.before ?? 0);
});

test('with certain labels the expected AUC and its error are the realised ones', () => {
  const area = must(rocAuc(labels, scores));
  expect(expectedAuc(scores, labels)).toBeCloseTo(area.value, 12);
  expect(expectedAucError(scores, labels)).toBeCloseTo(area.standardError, 12);
});

test('complete rows and catalogue coverage', () => {
  const kept = must(
    completeRows([
      [1, null, 3, Number.NaN],
      ['a', 'b', 'c', 'd'],
    ]),
  );
  expect([...kept.rows]).toEqual([0, 2]);
  expect(kept.incomplete).toBe(2);
  expect(must(catalogueCoverage([['a', 'b'], ['a']], ['a', 'b', 'c', 'd'])).value).toBe(0.5);
});
