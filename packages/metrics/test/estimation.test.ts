import { expect, test } from 'vitest';
import { readShiftedSets } from '../simulations/shifted-sets.ts';
import {
  averagePredictedLoss,
  type EstimatedMetric,
  type EstimatedRegressionMetric,
  estimateMulticlassPerformance,
  estimatePerformance,
  estimateRegressionPerformance,
  fitConfidenceBasedEstimator,
  fitDirectLossEstimator,
  fitMulticlassEstimator,
  type Result,
  scorePastEstimates,
} from '../src/index.ts';
import { Comparison, readFixture } from './fixture-comparison.ts';

// Figures of NannyML's CBPE and DLE (parity/make_estimation_fixtures.py) within 1e-12.

const fixture = readFixture('estimation.json');
type Row = [value: number, error: number, lower: number, upper: number, low: number, high: number, realized: number];

function compare(comparison: Comparison, where: string, actual: Result<EstimatedMetric>, row: Row) {
  if (!actual.ok) {
    comparison.failures.push(`${where}: ${actual.needed}`);
    return;
  }
  const { value, samplingError, lower, upper, lowerThreshold, upperThreshold } = actual;
  const figures = [value, samplingError, lower, upper, lowerThreshold, upperThreshold];
  comparison.list(where, figures, row.slice(0, 6), 1);
}

function replay(drawn: readonly number[], size: number): () => number {
  let next = 0;
  return () => {
    const row = drawn[next] as number;
    next += 1;
    return (row + 0.5) / size;
  };
}

test('binary CBPE: eight metrics, bands and thresholds on four sets', () => {
  const comparison = new Comparison();
  for (const {
    name,
    labels,
    scores,
    reference,
    chunkRows,
    splits,
    drawn,
    needsCalibration,
    metrics,
  } of fixture.binary) {
    const fitted = fitConfidenceBasedEstimator(labels.slice(0, reference), scores.slice(0, reference), {
      random: replay(drawn, reference),
      splits,
      chunkRows,
      values: { truePositive: 20, falsePositive: -1, falseNegative: -25, trueNegative: 0 },
    });
    if (!fitted.ok) throw new Error(fitted.needed);
    expect(fitted.estimator.calibrator !== null).toBe(needsCalibration);
    const stored = JSON.parse(JSON.stringify(fitted.estimator));
    for (let chunk = 0; reference + chunk * chunkRows < labels.length; chunk += 1) {
      const from = reference + chunk * chunkRows;
      const rows = scores.slice(from, from + chunkRows);
      const same = estimatePerformance(stored, rows, { style: 'nannyml' });
      const ours = estimatePerformance(fitted.estimator, rows);
      if (!same.ok || !ours.ok) throw new Error(name);
      for (const [metric, values] of Object.entries(metrics) as [keyof typeof same.metrics, Row[]][]) {
        const where = `${name} chunk ${chunk} ${metric}`;
        compare(comparison, where, same.metrics[metric], values[chunk] as Row);
        const own = ours.metrics[metric];
        // Without its rounding to five decimals the estimate moves by far less than its error.
        if (own.ok)
          expect(Math.abs(own.value - (values[chunk] as Row)[0])).toBeLessThan(1e-5 + 0.2 * own.samplingError);
      }
    }
  }
  expect(comparison.failures).toEqual([]);
  expect(comparison.compared).toBe(16 * 8 * 6);
});

test('binary CBPE on two real sets whose population moves: the estimates of every chunk are those of NannyML', () => {
  const sets = readShiftedSets();
  expect(sets.map(({ chunks }) => chunks.f1.length)).toEqual([17, 53]);
  for (const { name, chunks } of sets) {
    for (const [metric, all] of Object.entries(chunks)) {
      for (const { estimated, realized, theirEstimate, theirRealized } of all) {
        // NannyML rounds scores to five decimals in the AUC, which these, of four digits, come through nearly unchanged.
        expect(Math.abs(estimated - theirEstimate), `${name} ${metric}`).toBeLessThan(
          metric === 'rocAuc' ? 1e-7 : 1e-12,
        );
        expect(Math.abs(realized - theirRealized), `${name} ${metric}`).toBeLessThan(1e-12);
      }
    }
  }
});

test('multiclass CBPE: five metrics with bands and thresholds', () => {
  const comparison = new Comparison();
  const { classes, labels, predicted, probabilities, reference, chunkRows, splits, metrics } = fixture.multiclass;
  const head = <T>(rows: T[]) => rows.slice(0, reference);
  const fitted = fitMulticlassEstimator(head(labels), head(predicted), head(probabilities), classes, {
    random: () => 0.5,
    chunkRows,
    splits,
  });
  if (!fitted.ok) throw new Error(fitted.needed);
  for (let chunk = 0; reference + chunk * chunkRows < labels.length; chunk += 1) {
    const from = reference + chunk * chunkRows;
    const part = <T>(rows: T[]) => rows.slice(from, from + chunkRows);
    const same = estimateMulticlassPerformance(fitted.estimator, part(predicted), part(probabilities), {
      style: 'nannyml',
    });
    if (!same.ok) throw new Error(same.needed);
    for (const [metric, values] of Object.entries(metrics) as [keyof typeof same.metrics, Row[]][]) {
      compare(comparison, `chunk ${chunk} ${metric}`, same.metrics[metric], values[chunk] as Row);
    }
  }
  expect(comparison.failures).toEqual([]);
  expect(comparison.compared).toBe(4 * 5 * 6);
});

test('DLE: averages, bands and thresholds equal; our trees at least as close to the realised error', () => {
  const comparison = new Comparison();
  const { features, targets, predictions, reference, chunkRows, predictedLosses, metrics } = fixture.regression;
  const names = Object.keys(metrics) as EstimatedRegressionMetric[];
  const part = (rows: number[], from: number, to: number) => rows.slice(from, to);
  const fitted = fitDirectLossEstimator(
    features.map((column: number[]) => part(column, 0, reference)),
    part(targets, 0, reference),
    part(predictions, 0, reference),
    { metrics: names, chunkRows },
  );
  if (!fitted.ok) throw new Error(fitted.needed);
  const stored = JSON.parse(JSON.stringify(fitted.estimator));
  const misses = new Map(names.map((name) => [name, { ours: 0, theirs: 0 }]));
  for (let chunk = 0; reference + chunk * chunkRows < targets.length; chunk += 1) {
    const from = reference + chunk * chunkRows;
    const to = from + chunkRows;
    const columns = features.map((column: number[]) => part(column, from, to));
    const estimated = estimateRegressionPerformance(stored, columns, part(predictions, from, to));
    if (!estimated.ok) throw new Error(estimated.needed);
    for (const name of names) {
      const row = metrics[name][chunk] as Row;
      const average = averagePredictedLoss(name, part(predictedLosses[name], from - reference, to - reference));
      comparison.figure(`chunk ${chunk} ${name}`, average, row[0]);
      const ours = estimated.metrics[name];
      if (!ours?.ok) throw new Error(name);
      const { samplingError, lowerThreshold, upperThreshold } = ours;
      comparison.list(
        `chunk ${chunk} ${name}`,
        [samplingError, lowerThreshold, upperThreshold],
        [row[1], row[4], row[5]],
      );
      const miss = misses.get(name) as { ours: number; theirs: number };
      miss.ours += Math.abs(ours.value - row[6]);
      miss.theirs += Math.abs(row[0] - row[6]);
    }
  }
  expect(comparison.failures).toEqual([]);
  for (const { ours, theirs } of misses.values()) expect(ours).toBeLessThanOrEqual(theirs * 1.05);
});

test('the past error of estimates: bias, absolute error, share inside the band', () => {
  const estimates = [
    { value: 0.8, lower: 0.7, upper: 0.9 },
    { value: 0.9, lower: 0.85, upper: 0.95 },
  ];
  const scored = scorePastEstimates(estimates, [0.75, 0.7]);
  if (!scored.ok) throw new Error(scored.needed);
  expect(scored.meanAbsoluteError).toBeCloseTo(0.125, 12);
  expect(scored.meanError).toBeCloseTo(0.125, 12);
  expect(scored.shareInsideBand).toBe(0.5);
});
