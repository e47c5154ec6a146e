import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  AucTally,
  averagePrecision,
  BinaryTally,
  binaryContributions,
  binaryMetrics,
  CalibrationTally,
  calibrationCurve,
  fitIsotonic,
  LatencyHistogram,
  MulticlassTally,
  meanEstimate,
  RankingTally,
  RegressionTally,
  rateEstimate,
  regressionMetrics,
  rocAuc,
  segmentTable,
} from '../src/index.ts';
import { ExactSum } from '../src/internal/exact-sum.ts';

const score = fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 0.1, 0.5, 1));
const label = fc.oneof({ weight: 9, arbitrary: fc.constantFrom(0, 1) }, { weight: 1, arbitrary: fc.constant(null) });
const rows = fc.array(fc.record({ label, score, weight: fc.constantFrom(1, 1, 0.5, 3.25) }), { maxLength: 40 });
const wide = fc.double({ min: -1e60, max: 1e60, noNaN: true });
const numericRows = fc.array(fc.record({ target: fc.option(wide), prediction: wide }), { maxLength: 40 });
const names = ['a', 'b', 'c'];
const classRows = fc.array(
  fc.record({
    label: fc.option(fc.constantFrom(...names)),
    predicted: fc.constantFrom(...names),
    raw: fc.array(fc.double({ min: 0.01, max: 1, noNaN: true }), { minLength: 3, maxLength: 3 }),
  }),
  { maxLength: 30 },
);
const items = fc.array(fc.record({ relevance: fc.integer({ min: 0, max: 3 }), score }), { maxLength: 8 });
const latencies = fc.array(
  fc.oneof(fc.double({ min: 0, max: 1e9, noNaN: true }), fc.constantFrom(0, 1, 1e-300, 1e300)),
  {
    maxLength: 40,
  },
);

type Binary = { label: number | null; score: number; weight: number }[];
const unit = (raw: number[]) => raw.map((value) => value / raw.reduce((total, one) => total + one, 0));
const kinds = {
  binary: [
    rows,
    (data: Binary) =>
      fill(new BinaryTally(), data, (tally, { label, score, weight }) => tally.add(label, score, weight)),
  ],
  auc: [rows, (data: Binary) => fill(new AucTally(), data, (tally, { label, score }) => tally.add(label, score))],
  calibration: [
    rows,
    (data: Binary) => fill(new CalibrationTally(), data, (tally, { label, score }) => tally.add(label, score)),
  ],
  regression: [
    numericRows,
    (data: { target: number | null; prediction: number }[]) =>
      fill(new RegressionTally(), data, (tally, { target, prediction }) => tally.add(target, prediction)),
  ],
  multiclass: [
    classRows,
    (data: { label: string | null; predicted: string; raw: number[] }[]) =>
      fill(new MulticlassTally(names), data, (tally, { label, predicted, raw }) =>
        tally.add(label, predicted, unit(raw)),
      ),
  ],
  ranking: [
    fc.array(items, { maxLength: 10 }),
    (data: { relevance: number; score: number }[][]) =>
      fill(new RankingTally({ k: 3 }), data, (tally, list) =>
        tally.add(
          list.map(({ relevance }) => relevance),
          list.map((item) => item.score),
        ),
      ),
  ],
  latency: [
    latencies,
    (data: number[]) => fill(new LatencyHistogram(0.01, 128), data, (histogram, value) => histogram.add(value)),
  ],
} as const;

function fill<T, Row>(tally: T, data: readonly Row[], add: (tally: T, row: Row) => void): T {
  for (const row of data) add(tally, row);
  return tally;
}

for (const [name, [arbitrary, build]] of Object.entries(kinds)) {
  // The tables above pair each arbitrary with its own builder.
  const make = build as (data: unknown[]) => { merge(other: unknown): unknown; toJSON(): unknown };
  const data = arbitrary as fc.Arbitrary<unknown[]>;
  const bytes = (tally: { toJSON(): unknown }) => JSON.stringify(tally.toJSON());

  test(`${name}: merging is associative and commutative, and equals counting all rows at once, to the byte`, () => {
    fc.assert(
      fc.property(data, data, data, (a, b, c) => {
        const leftFirst = make(a);
        leftFirst.merge(make(b));
        leftFirst.merge(make(c));
        const rightFirst = make(b);
        rightFirst.merge(make(c));
        const associated = make(a);
        associated.merge(rightFirst);
        const swapped = make(c);
        swapped.merge(make(a));
        swapped.merge(make(b));
        const together = bytes(make([...a, ...b, ...c]));
        expect(bytes(leftFirst)).toBe(together);
        expect(bytes(associated)).toBe(together);
        expect(bytes(swapped)).toBe(together);
      }),
      { numRuns: 150 },
    );
  });

  test(`${name}: the order of rows changes nothing, and a stored tally comes back the same`, () => {
    const Tally = make([]).constructor as unknown as { fromJSON(state: unknown): { toJSON(): unknown } };
    fc.assert(
      fc.property(data, fc.infiniteStream(fc.nat()), (all, draws) => {
        const shuffled = [...all]
          .map((row) => [draws.next().value as number, row] as const)
          .sort((a, b) => a[0] - b[0]);
        const straight = bytes(make(all));
        expect(bytes(make(shuffled.map(([, row]) => row)))).toBe(straight);
        expect(bytes(Tally.fromJSON(JSON.parse(straight)))).toBe(straight);
      }),
      { numRuns: 150 },
    );
  });
}

test('exact sums: any order, any size, one rounding', () => {
  const anything = fc.array(fc.double({ min: -1e300, max: 1e300, noNaN: true }), { maxLength: 30 });
  fc.assert(
    fc.property(anything, (values) => {
      const sum = new ExactSum();
      for (const value of values) sum.add(value);
      const backwards = new ExactSum();
      for (const value of [...values].reverse()) backwards.add(value);
      expect(backwards.value()).toBe(sum.value());
      for (const value of values) sum.add(-value);
      expect(sum.value()).toBe(0);
    }),
  );
  expect(new ExactSum().add(1e100).add(1).add(-1e100).value()).toBe(1);
});

test('incremental equals batch: late labels, corrections and all', () => {
  fc.assert(
    fc.property(rows, (data) => {
      const binary = new BinaryTally();
      const auc = new AucTally();
      const calibration = new CalibrationTally();
      for (const { score } of data) {
        binary.add(null, score);
        auc.add(null, score);
        calibration.add(null, score);
      }
      for (const { label, score } of data) {
        binary.learn(label, score);
        calibration.learn(label, score);
        // A wrong label first, then its correction.
        if (label === null) continue;
        auc.learn(1 - label, score);
        expect(auc.remove(1 - label, score)).toBe(true);
        auc.add(label, score);
      }
      const labels = data.map((row) => row.label);
      const scores = data.map((row) => row.score);
      const expected = binaryMetrics(labels, scores);
      if (expected.ok) expect(binary.summary()).toEqual(expected);
      else expect(binary.summary().ok).toBe(false);
      const area = rocAuc(labels, scores);
      const live = auc.summary();
      expect(live.ok).toBe(area.ok);
      if (area.ok && live.ok) {
        expect(live.value).toBe(area.value);
        expect(live.lower).toBeCloseTo(area.lower, 12);
      }
      const curve = calibrationCurve(labels, scores);
      if (curve.ok) expect(calibration.summary()).toEqual(curve);
    }),
    { numRuns: 200 },
  );
});

test('regression: the tally answers what the batch answers', () => {
  fc.assert(
    fc.property(numericRows, (data) => {
      const tally = new RegressionTally();
      for (const { target, prediction } of data) tally.add(target, prediction);
      const batch = regressionMetrics(
        data.map(({ target }) => target),
        data.map(({ prediction }) => prediction),
      );
      const live = tally.summary();
      expect(live.ok).toBe(batch.ok);
      if (batch.ok && live.ok) {
        const { medianAbsoluteError: _, ...rest } = batch;
        expect(live).toEqual(rest);
      }
    }),
    { numRuns: 200 },
  );
});

test('class names permuted change no average, and each class keeps its own figures', () => {
  fc.assert(
    fc.property(classRows, fc.shuffledSubarray(names, { minLength: 3, maxLength: 3 }), (data, order) => {
      const one = new MulticlassTally(names);
      const other = new MulticlassTally(order);
      for (const { label, predicted, raw } of data) {
        const probabilities = unit(raw);
        one.add(label, predicted, probabilities);
        other.add(
          label,
          predicted,
          order.map((name) => probabilities[names.indexOf(name)] as number),
        );
      }
      const [a, b] = [one.summary(), other.summary()];
      expect(a.ok).toBe(b.ok);
      if (!a.ok || !b.ok) return;
      for (const average of ['micro', 'macro', 'weighted'] as const) {
        for (const name of ['precision', 'recall', 'f1'] as const) {
          const [x, y] = [a[average][name], b[average][name]];
          expect(x.ok).toBe(y.ok);
          if (x.ok && y.ok) expect(x.value).toBeCloseTo(y.value, 12);
        }
      }
      for (const own of a.perClass) expect(b.perClass.find((same) => same.label === own.label)).toEqual(own);
      expect(a.logLoss).toEqual(b.logLoss);
    }),
  );
});

test('the positive class swapped: AUC mirrors, accuracy, log loss and Brier score stay', () => {
  fc.assert(
    fc.property(rows, (data) => {
      const labels = data.map((row) => row.label);
      // Halves are exact, so that 1 − score is too.
      const scores = data.map((row) => Math.round(row.score * 64) / 64);
      const area = rocAuc(labels, scores);
      const mirrored = rocAuc(
        labels,
        scores.map((value) => -value),
      );
      if (area.ok && mirrored.ok) expect(area.value + mirrored.value).toBeCloseTo(1, 12);
      const straight = binaryMetrics(labels, scores, { threshold: 0.49 });
      const swapped = binaryMetrics(
        labels.map((value) => (value === null ? null : 1 - value)),
        scores.map((value) => 1 - value),
        { threshold: 0.505 },
      );
      expect(straight.ok).toBe(swapped.ok);
      if (!straight.ok || !swapped.ok) return;
      expect(swapped.accuracy).toEqual(straight.accuracy);
      expect(swapped.logLoss).toEqual(straight.logLoss);
      expect(swapped.brierScore).toEqual(straight.brierScore);
    }),
  );
});

test('figures stay in their range, intervals hold the figure', () => {
  fc.assert(
    fc.property(rows, (data) => {
      const labels = data.map((row) => row.label);
      const scores = data.map((row) => row.score);
      const summary = binaryMetrics(labels, scores);
      if (!summary.ok) return;
      const estimates = [
        summary.accuracy,
        summary.precision,
        summary.recall,
        summary.f1,
        summary.fBeta,
        summary.balancedAccuracy,
        rocAuc(labels, scores),
        averagePrecision(labels, scores),
      ];
      for (const estimate of estimates) {
        if (!estimate.ok) continue;
        expect(estimate.value).toBeGreaterThanOrEqual(estimate.lower - 1e-12);
        expect(estimate.value).toBeLessThanOrEqual(estimate.upper + 1e-12);
        expect(estimate.lower).toBeGreaterThanOrEqual(0);
        expect(estimate.upper).toBeLessThanOrEqual(1);
      }
    }),
  );
});

test('intervals shrink with n: the same rows k times over', () => {
  fc.assert(
    fc.property(rows, fc.integer({ min: 2, max: 5 }), (data, times) => {
      const repeat = <T>(values: readonly T[]) => Array.from({ length: times }, () => values).flat();
      const labels = data.map((row) => row.label);
      const scores = data.map((row) => row.score);
      const [few, many] = [binaryMetrics(labels, scores), binaryMetrics(repeat(labels), repeat(scores))];
      if (!few.ok || !many.ok) return;
      const pairs = [
        [few.accuracy, many.accuracy],
        [few.precision, many.precision],
        [few.f1, many.f1],
        [few.matthewsCorrelation, many.matthewsCorrelation],
        [few.logLoss, many.logLoss],
        [few.brierScore, many.brierScore],
        [rocAuc(labels, scores), rocAuc(repeat(labels), repeat(scores))],
        [averagePrecision(labels, scores), averagePrecision(repeat(labels), repeat(scores))],
      ] as const;
      for (const [a, b] of pairs) {
        if (a.ok && b.ok) expect(b.upper - b.lower).toBeLessThanOrEqual(a.upper - a.lower + 1e-9);
      }
    }),
  );
  for (const [small, large] of [
    [rateEstimate(30, 100), rateEstimate(300, 1000)],
    [meanEstimate([1, 2, 3]), meanEstimate([1, 2, 3, 1, 2, 3])],
  ]) {
    if (!small?.ok || !large?.ok) throw new Error('both have an answer');
    expect(large.upper - large.lower).toBeLessThan(small.upper - small.lower);
  }
});

test('every quantile of the latency histogram is within the stated error', () => {
  const positive = fc.array(fc.double({ min: 1e-3, max: 1e7, noNaN: true }), { minLength: 2, maxLength: 200 });
  fc.assert(
    fc.property(
      positive,
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.constantFrom(0.001, 0.01, 0.05),
      (values, share, error) => {
        const histogram = new LatencyHistogram(error, 20_000);
        for (const value of values) histogram.add(value);
        const quantile = histogram.quantile(share);
        if (!quantile.ok) return;
        const exact = [...values].sort((a, b) => a - b)[Math.floor(share * (values.length - 1))] as number;
        expect(Math.abs(quantile.value - exact)).toBeLessThanOrEqual(error * exact * (1 + 1e-9));
        expect(quantile.lower).toBeLessThanOrEqual(exact * (1 + 1e-12));
        expect(quantile.upper).toBeGreaterThanOrEqual(exact * (1 - 1e-12));
      },
    ),
  );
});

test('isotonic fits rise, keep the mean and leave rising data alone', () => {
  const points = fc.array(fc.record({ x: fc.integer({ min: 0, max: 20 }), y: score }), { minLength: 2, maxLength: 40 });
  fc.assert(
    fc.property(points, (data) => {
      const result = fitIsotonic(
        data.map(({ x }) => x),
        data.map(({ y }) => y),
      );
      if (!result.ok) return;
      const { y } = result.fit;
      for (let at = 1; at < y.length; at += 1) expect(y[at]).toBeGreaterThanOrEqual(y[at - 1] as number);
    }),
  );
  expect(fitIsotonic([1, 2, 3], [0.1, 0.2, 0.9])).toEqual({ ok: true, fit: { x: [1, 2, 3], y: [0.1, 0.2, 0.9] } });
});

test('segments of a dimension hold every row once, and their figures average to the overall one', () => {
  const segmentRows = fc.array(fc.record({ label, score, tier: fc.option(fc.constantFrom('gold', 'silver')) }), {
    minLength: 2,
  });
  fc.assert(
    fc.property(segmentRows, (data) => {
      const contributions = binaryContributions(
        data.map((row) => row.label),
        data.map((row) => row.score),
        'accuracy',
      );
      if (!contributions.ok) return;
      const table = segmentTable({ tier: data.map((row) => row.tier) }, contributions, { minimumRows: 2 });
      if (!table.ok) return;
      expect(table.rows.reduce((total, row) => total + row.rows, 0)).toBe(data.length);
      const hits = table.rows.reduce((total, { metric }) => total + (metric.ok ? metric.value * metric.count : 0), 0);
      const counted = table.rows.reduce((total, { metric }) => total + (metric.ok ? metric.count : 0), 0);
      if (counted === table.overall.count) expect(hits / counted).toBeCloseTo(table.overall.value, 12);
    }),
  );
});
