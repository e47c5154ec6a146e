import { expect, test } from 'vitest';
import {
  averagePrecision,
  binaryMetrics,
  bootstrapInterval,
  calibrationCurve,
  calibrationLine,
  fitLabelDelay,
  multiclassAuc,
  multiclassMetrics,
  precisionRecallCurve,
  rankingMetrics,
  rateEstimate,
  regressionMetrics,
  rocAuc,
  rocCurve,
} from '../src/index.ts';
import { Comparison, readFixture, unpack } from './fixture-comparison.ts';

// Every figure of scikit-learn, SciPy and statsmodels in the fixtures (parity/make_fixtures.py) within 1e-12.

const random = readFixture('random-cases.json');
const real = readFixture('real-sets.json');
// biome-ignore lint/suspicious/noExplicitAny: fixtures are read as the scripts wrote them
type Fixture = any;

const AROUND_ONE = new Set(['matthewsCorrelation', 'cohensKappa', 'rSquared', 'explainedVariance']);
const BINARY = [
  'accuracy',
  'precision',
  'recall',
  'specificity',
  'negativePredictiveValue',
  'f1',
  'fBeta',
  'jaccard',
  'balancedAccuracy',
  'matthewsCorrelation',
  'cohensKappa',
  'logLoss',
  'brierScore',
] as const;

function compareBinary(
  comparison: Comparison,
  where: string,
  item: Fixture,
  labels: ArrayLike<number | null>,
  scores: ArrayLike<number>,
) {
  const { expected, weights } = item;
  const summary = binaryMetrics(labels, scores, { beta: 2, ...(weights && { weights }) });
  if (expected.refused) {
    comparison.refused += 1;
    if (summary.ok) comparison.failures.push(`${where}: an answer instead of a reason`);
    return;
  }
  if (!summary.ok) throw new Error(`${where}: ${summary.needed}`);
  for (const name of BINARY) {
    comparison.figure(`${where} ${name}`, summary[name], expected[name], AROUND_ONE.has(name) ? 1 : 0);
  }
  comparison.figure(`${where} AP`, averagePrecision(labels, scores, weights && { weights }), expected.averagePrecision);
  if (weights) return;
  const { accuracy } = summary;
  if (!accuracy.ok) throw new Error(where);
  comparison.list(`${where} Wilson`, [accuracy.lower, accuracy.upper], expected.accuracyInterval, 1e-3);
  const { truePositives, trueNegatives } = summary.cells;
  const exact = rateEstimate(truePositives + trueNegatives, summary.labelled, { method: 'clopper-pearson' });
  if (exact.ok) comparison.list(`${where} exact`, [exact.lower, exact.upper], expected.accuracyExactInterval);
  const auc = rocAuc(labels, scores);
  comparison.figure(`${where} AUC`, auc, expected.rocAuc);
  if (auc.ok) comparison.number(`${where} DeLong`, auc.standardError, expected.rocAucStandardError, 1e-3);
  if (expected.ece) compareCalibration(comparison, where, expected, labels, scores);
}

function compareCalibration(
  comparison: Comparison,
  where: string,
  expected: Fixture,
  labels: ArrayLike<number | null>,
  scores: ArrayLike<number>,
) {
  const wide = calibrationCurve(labels, scores);
  const counted = calibrationCurve(labels, scores, { bins: 'equal-count', binCount: 5 });
  if (!wide.ok || !counted.ok) throw new Error(where);
  const errors = (curve: typeof wide) => [curve.expectedCalibrationError, curve.maximumCalibrationError];
  comparison.list(`${where} ECE`, errors(wide), expected.ece, 1);
  comparison.list(`${where} ECE equal count`, errors(counted), expected.eceEqualCount, 1);
  comparison.list(
    `${where} observed`,
    wide.bins.map(({ observed }) => observed.value),
    expected.curve[0],
  );
  comparison.list(
    `${where} mean score`,
    wide.bins.map(({ meanScore }) => meanScore),
    expected.curve[1],
  );
  const { score, reliability, resolution, uncertainty, withinBins } = wide.brier;
  comparison.number(`${where} Brier parts`, reliability - resolution + uncertainty + withinBins, score, 1);
  if (expected.brierScore !== null) comparison.number(`${where} Brier`, score, expected.brierScore, 1e-3);
  if (!expected.slope) return;
  const line = calibrationLine(labels, scores);
  if (!line.ok) throw new Error(`${where}: ${line.needed}`);
  const { slope, intercept } = line;
  const error = (estimate: typeof slope) => (estimate.upper - estimate.value) / 1.959963984540054;
  const actual = [slope.value, error(slope), line.slopeIntercept, intercept.value, error(intercept)];
  comparison.list(`${where} slope`, actual, expected.slope, 1);
}

test('400 random binary cases, ties, constants, tiny, huge, one class, missing labels, weights', () => {
  const comparison = new Comparison();
  for (const [at, item] of random.binary.entries()) {
    compareBinary(comparison, `${at} ${item.kind}`, item, item.labels, item.scores);
    if (!item.curves) continue;
    const kept = item.labels.flatMap((label: number | null, row: number) => (label === null ? [] : [row]));
    const labels = kept.map((row: number) => item.labels[row]);
    const scores = kept.map((row: number) => item.scores[row]);
    const roc = rocCurve(labels, scores, { simplify: true });
    const curve = precisionRecallCurve(labels, scores);
    if (!roc.ok || !curve.ok) throw new Error(`${at}`);
    comparison.list(`${at} fpr`, roc.falsePositiveRates, item.curves.roc[0]);
    comparison.list(`${at} tpr`, roc.truePositiveRates, item.curves.roc[1]);
    comparison.list(`${at} thresholds`, roc.thresholds.slice(1), item.curves.roc[2]);
    comparison.list(`${at} precision`, curve.precisions, item.curves.precisionRecall[0]);
    comparison.list(`${at} recall`, curve.recalls, item.curves.precisionRecall[1]);
    comparison.list(`${at} cut`, curve.thresholds, item.curves.precisionRecall[2]);
  }
  expect(comparison.failures).toEqual([]);
  expect(comparison.compared).toBeGreaterThan(9_000);
  expect(comparison.refused).toBeGreaterThan(300);
});

test('41 real score sets: fraud models, breast cancer columns, shop columns', () => {
  const comparison = new Comparison();
  expect(real.binary.length).toBe(41);
  for (const item of real.binary) {
    compareBinary(comparison, item.name, item, unpack(item.labels), unpack(item.scores));
  }
  expect(comparison.failures).toEqual([]);
});

const REGRESSION = [
  'meanAbsoluteError',
  'meanSquaredError',
  'rootMeanSquaredError',
  'rSquared',
  'explainedVariance',
  'meanAbsolutePercentageError',
  'rootMeanSquaredLogError',
  'pinballLoss',
  'weightedAbsolutePercentageError',
] as const;

function compareRegression(
  comparison: Comparison,
  where: string,
  item: Fixture,
  targets: ArrayLike<number | null>,
  predictions: ArrayLike<number>,
) {
  const { expected, weights } = item;
  const summary = regressionMetrics(targets, predictions, weights && { weights });
  if (expected.refused) {
    comparison.refused += 1;
    if (summary.ok) comparison.failures.push(`${where}: an answer instead of a reason`);
    return;
  }
  if (!summary.ok) throw new Error(`${where}: ${summary.needed}`);
  for (const name of REGRESSION) {
    comparison.figure(`${where} ${name}`, summary[name], expected[name], AROUND_ONE.has(name) ? 1 : 0);
  }
  comparison.number(`${where} maximum`, summary.maximumError, expected.maximumError);
  if (!weights) comparison.number(`${where} median`, summary.medianAbsoluteError, expected.medianAbsoluteError);
}

test('300 random and 20 real regression cases, offsets of 1e8 included', () => {
  const comparison = new Comparison();
  for (const [at, item] of random.regression.entries()) {
    compareRegression(comparison, `${at} ${item.kind}`, item, item.targets, item.predictions);
  }
  expect(real.regression.length).toBe(20);
  for (const item of real.regression) {
    compareRegression(comparison, item.name, item, unpack(item.targets), unpack(item.predictions));
  }
  expect(comparison.failures).toEqual([]);
});

function compareMulticlass(
  comparison: Comparison,
  where: string,
  item: Fixture,
  probabilities: ArrayLike<ArrayLike<number>>,
) {
  const { classes, labels, predicted, expected } = item;
  const summary = multiclassMetrics(labels, predicted, classes, { probabilities });
  if (expected.refused) {
    comparison.refused += 1;
    if (summary.ok) comparison.failures.push(`${where}: an answer instead of a reason`);
    return;
  }
  if (!summary.ok) throw new Error(`${where}: ${summary.needed}`);
  expect(summary.confusion).toEqual(expected.confusion);
  for (const average of ['macro', 'weighted', 'micro'] as const) {
    for (const [at, name] of (['precision', 'recall', 'f1'] as const).entries()) {
      comparison.figure(`${where} ${average} ${name}`, summary[average][name], expected[average][at]);
    }
  }
  for (const [at, one] of summary.perClass.entries()) {
    comparison.figure(`${where} ${one.label} precision`, one.precision, expected.perClass[0][at]);
    comparison.figure(`${where} ${one.label} recall`, one.recall, expected.perClass[1][at]);
    comparison.figure(`${where} ${one.label} f1`, one.f1, expected.perClass[2][at]);
  }
  comparison.figure(`${where} accuracy`, summary.accuracy, expected.accuracy);
  comparison.figure(`${where} MCC`, summary.matthewsCorrelation, expected.matthewsCorrelation, 1);
  comparison.figure(`${where} kappa`, summary.cohensKappa, expected.cohensKappa, 1);
  comparison.figure(`${where} log loss`, summary.logLoss, expected.logLoss);
  comparison.figure(`${where} Brier`, summary.brierScore, expected.brierScore);
  if (expected.top2 !== null) comparison.figure(`${where} top 2`, summary.topAccuracy, expected.top2);
  if (classes.length === 2) return;
  for (const [key, value] of Object.entries(expected.auc)) {
    const [short, average] = key.split('-') as [string, 'macro' | 'weighted'];
    const scheme = short === 'ovr' ? 'one-versus-rest' : 'one-versus-one';
    comparison.figure(
      `${where} ${key}`,
      multiclassAuc(labels, probabilities, classes, { scheme, average }),
      value as number,
    );
  }
}

test('200 random multiclass cases and one real one, averages and AUCs included', () => {
  const comparison = new Comparison();
  for (const [at, item] of random.multiclass.entries()) {
    compareMulticlass(comparison, `${at} ${item.kind}`, item, item.probabilities);
  }
  for (const item of real.multiclass) {
    const all = unpack(item.probabilities);
    const size = item.classes.length;
    const rows = item.labels.map((_: string, row: number) => all.subarray(row * size, (row + 1) * size));
    compareMulticlass(comparison, item.name, item, rows);
  }
  expect(comparison.failures).toEqual([]);
});

test('100 random rankings, tied scores and lists without a relevant item included', () => {
  const comparison = new Comparison();
  for (const [at, { relevances, scores, k, expected }] of random.ranking.entries()) {
    const linear = rankingMetrics(relevances, scores, { k });
    const exponential = rankingMetrics(relevances, scores, { k, gain: 'exponential' });
    if (expected.refused) {
      comparison.refused += 1;
      expect(linear.ok).toBe(false);
      continue;
    }
    if (!linear.ok || !exponential.ok) throw new Error(`${at}`);
    comparison.number(`${at} NDCG`, linear.normalizedGain, expected.linear);
    comparison.number(`${at} NDCG exponential`, exponential.normalizedGain, expected.exponential);
    for (const name of ['precision', 'recall', 'reciprocalRank', 'averagePrecision'] as const) {
      comparison.number(`${at} ${name}`, linear[name], expected[name]);
    }
    if (expected.scikitAveragePrecision !== null) {
      comparison.number(`${at} AP`, linear.averagePrecision, expected.scikitAveragePrecision);
    }
  }
  expect(comparison.failures).toEqual([]);
});

test('bootstrap intervals of SciPy on the same resamples', () => {
  const comparison = new Comparison();
  for (const { method, values, drawn, replicates, lower, upper } of random.bootstrap) {
    let next = 0;
    const replay = () => {
      const row = drawn[next] as number;
      next += 1;
      return (row + 0.5) / values.length;
    };
    const mean = (rows: Uint32Array) => rows.reduce((total, row) => total + values[row], 0) / rows.length;
    const interval = bootstrapInterval(values.length, mean, { random: replay, replicates, method });
    if (!interval.ok) throw new Error(interval.needed);
    comparison.list(method, [interval.lower, interval.upper], [lower, upper]);
  }
  expect(comparison.failures).toEqual([]);
});

test('label delay curve of statsmodels, Greenwood errors included', () => {
  const comparison = new Comparison();
  const { delaysMs, labelledShares, standardErrors, ...times } = random.labelDelay;
  const fitted = fitLabelDelay(times);
  if (!fitted.ok) throw new Error(fitted.needed);
  const { curve } = fitted;
  // statsmodels also lists times at which only waiting ended; the curve is flat there.
  for (const [at, delay] of delaysMs.entries()) {
    const step = curve.delaysMs.findLastIndex((known) => known <= delay);
    if (step < 0) continue;
    comparison.number(`share at ${delay}`, curve.labelledShares[step] as number, labelledShares[at]);
    if (standardErrors[at] !== null) {
      comparison.number(`error at ${delay}`, curve.standardErrors[step] as number, standardErrors[at]);
    }
  }
  expect(comparison.failures).toEqual([]);
  expect(comparison.compared).toBeGreaterThan(60);
});
