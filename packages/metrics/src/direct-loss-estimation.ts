import {
  checkAllFinite,
  checkOneOf,
  checkPositive,
  checkRows,
  checkSameLength,
  checkWhole,
  firstFailure,
  isMissing,
  type NumericLabel,
  readNumericRows,
} from './internal/check.ts';
import {
  type BoostedTrees,
  type BoostingSettings,
  DEFAULT_BOOSTING,
  fitBoostedTrees,
  predictBoostedTrees,
} from './internal/gradient-boosting.ts';
import {
  bandOf,
  chunksOf,
  type EstimatedMetric,
  estimateWithin,
  type ReferenceBand,
  spreadOf,
} from './internal/reference-band.ts';
import { type Failure, failure, type Result } from './result.ts';

const METRICS = [
  'meanAbsoluteError',
  'meanSquaredError',
  'rootMeanSquaredError',
  'meanAbsolutePercentageError',
  'meanSquaredLogError',
  'rootMeanSquaredLogError',
] as const;
export type EstimatedRegressionMetric = (typeof METRICS)[number];

type Loss = 'absolute' | 'squared' | 'percentage' | 'squaredLog';
const LOSS_OF: Readonly<Record<EstimatedRegressionMetric, Loss>> = {
  meanAbsoluteError: 'absolute',
  meanSquaredError: 'squared',
  rootMeanSquaredError: 'squared',
  meanAbsolutePercentageError: 'percentage',
  meanSquaredLogError: 'squaredLog',
  rootMeanSquaredLogError: 'squaredLog',
};

/** Plain data; can be stored as JSON. */
export interface DirectLossEstimator {
  readonly kind: 'direct-loss-estimator';
  readonly featureCount: number;
  /** The learned loss of a row, by kind of loss; only those that a wanted metric needs. */
  readonly models: Readonly<Partial<Record<Loss, BoostedTrees>>>;
  readonly bands: Readonly<Partial<Record<EstimatedRegressionMetric, Result<{ readonly band: ReferenceBand }>>>>;
}

export interface DirectLossOptions {
  /** MAE and RMSE unless given. */
  readonly metrics?: readonly EstimatedRegressionMetric[];
  /** Rows of a reference chunk, for the alarm thresholds; a tenth of the rows unless given. */
  readonly chunkRows?: number;
  /** 100 trees of up to 31 leaves with at least 20 rows, learning rate 0.1 unless given (LightGBM's defaults). */
  readonly boosting?: Partial<BoostingSettings>;
}

/**
 * Where are a regression model's errors large? Learns, on labelled reference rows, boosted trees from features and
 * prediction to the loss of the row. `features` are numeric columns (NaN = missing; code categories as numbers).
 * Assumes independent reference rows that are not the training rows, whose errors are too small.
 *
 * Formula: loss by metric |e|; e²; |e|/max(|y|, 2⁻⁵²); (ln(1+y) − ln(1+ŷ))². Alarm thresholds are mean ± 3 standard
 * deviations of the realised metric over reference chunks; the sampling error of a mean loss is sd/√n, of its root
 * √(sd²/(4·n·mean)).
 * Domain: finite targets (or missing) and predictions, at least 40 labelled rows.
 * Fails on fewer than 40 labelled rows, without features, on NaN predictions; logs need values above −1.
 * Source: DLE as defined by NannyML 0.13; the learner after LightGBM (Ke et al., NeurIPS 2017), without its native
 * handling of categories.
 */
export function fitDirectLossEstimator(
  features: readonly ArrayLike<number>[],
  targets: ArrayLike<NumericLabel>,
  predictions: ArrayLike<number>,
  options: DirectLossOptions = {},
): Result<{ readonly estimator: DirectLossEstimator }> {
  const metrics = options.metrics ?? (['meanAbsoluteError', 'rootMeanSquaredError'] as const);
  const settings = { ...DEFAULT_BOOSTING, ...options.boosting };
  const rows = readNumericRows(targets, predictions);
  if (!rows.ok) return rows;
  const chunkRows = options.chunkRows ?? Math.max(2, Math.ceil(rows.count / 10));
  const problem = firstFailure(
    checkFeatures(features, targets.length),
    checkRows(rows.count, 40),
    checkWhole('chunkRows', chunkRows, 2),
    checkSettings(settings),
    metrics.length === 0 ? failure('invalid-argument', 'at least one metric') : undefined,
    ...metrics.map((metric) => checkOneOf('metrics', metric, METRICS)),
  );
  if (problem) return problem;
  const known: number[] = [];
  for (let row = 0; row < targets.length; row += 1) if (!isMissing(targets[row])) known.push(row);
  const columns = [
    ...features.map((column) => Float64Array.from(known, (row) => column[row] as number)),
    rows.predictions,
  ];
  const models: Partial<Record<Loss, BoostedTrees>> = {};
  const bands: Partial<Record<EstimatedRegressionMetric, Result<{ readonly band: ReferenceBand }>>> = {};
  for (const metric of metrics) {
    const losses = lossesOf(LOSS_OF[metric], rows.targets, rows.predictions);
    if (!losses.ok) return losses;
    models[LOSS_OF[metric]] ??= fitBoostedTrees(columns, losses.values, settings);
    const realized = chunksOf(rows.count, chunkRows).map(([from, to]) =>
      ofMean(metric, meanOf(losses.values.subarray(from, to))),
    );
    const spread = spreadOf(losses.values);
    const mean = meanOf(losses.values);
    const isRoot = metric.startsWith('root');
    bands[metric] = bandOf(isRoot ? spread / (2 * Math.sqrt(mean)) : spread, 1, realized, [
      0,
      Number.POSITIVE_INFINITY,
    ]);
  }
  return { ok: true, estimator: { kind: 'direct-loss-estimator', featureCount: features.length, models, bands } };
}

/**
 * How large are a regression model's errors on rows without targets?
 *
 * Formula: mean of the learned losses (negative ones counting 0), rooted where the metric is; ± 3 sampling errors.
 * Assumes that errors still depend on features and prediction as they did on the reference, inside the range seen
 * there.
 * Domain: finite predictions; features numeric, NaN where missing.
 * Fails on no row, one row, NaN predictions, and another number of features than was learned from (`length-mismatch`).
 * A metric without an answer on the reference carries its reason.
 * Source: DLE as defined by NannyML 0.13, with the learner of `fitDirectLossEstimator`.
 */
export function estimateRegressionPerformance(
  estimator: DirectLossEstimator,
  features: readonly ArrayLike<number>[],
  predictions: ArrayLike<number>,
): Result<{
  readonly metrics: Readonly<Partial<Record<EstimatedRegressionMetric, Result<EstimatedMetric>>>>;
  readonly count: number;
}> {
  const problem =
    checkAllFinite('predictions', predictions) ??
    checkRows(predictions.length) ??
    checkSameLength('features', features.length, estimator.featureCount) ??
    checkFeatures(features, predictions.length);
  if (problem) return problem;
  const count = predictions.length;
  const columns = [...features, predictions];
  const metrics: Partial<Record<EstimatedRegressionMetric, Result<EstimatedMetric>>> = {};
  for (const metric of METRICS) {
    const band = estimator.bands[metric];
    const model = estimator.models[LOSS_OF[metric]];
    if (band === undefined || model === undefined) continue;
    const losses = Float64Array.from(predictions, (_, row) => predictBoostedTrees(model, columns, row));
    const value = averagePredictedLoss(metric, losses);
    if (!value.ok) return value;
    metrics[metric] = band.ok ? estimateWithin(band.band, value.value, count, [0, Number.POSITIVE_INFINITY]) : band;
  }
  return { ok: true, metrics, count };
}

/**
 * What is the estimated metric, given predicted losses of rows? For callers with a loss model of their own (any
 * learner, any language).
 *
 * Formula: mean of max(0, loss), rooted for the root metrics. Assumes losses on the metric's scale (squares for the
 * root metrics), from a model that still holds for these rows.
 * Domain: finite losses, at least two. Fails on no row, one row and values that are not finite. Source: DLE as defined
 * by NannyML 0.13.
 */
export function averagePredictedLoss(
  metric: EstimatedRegressionMetric,
  predictedLosses: ArrayLike<number>,
): Result<{ readonly value: number }> {
  const problem = checkAllFinite('predictedLosses', predictedLosses) ?? checkRows(predictedLosses.length);
  if (problem) return problem;
  return { ok: true, value: ofMean(metric, meanOf(Float64Array.from(predictedLosses, (loss) => Math.max(0, loss)))) };
}

function ofMean(metric: EstimatedRegressionMetric, mean: number): number {
  return metric.startsWith('root') ? Math.sqrt(mean) : mean;
}

function meanOf(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}

function lossesOf(
  loss: Loss,
  targets: Float64Array,
  predictions: Float64Array,
): Result<{ readonly values: Float64Array }> {
  const values = targets.map((target, row) => lossOf(loss, target, predictions[row] as number));
  if (values.every((value) => Number.isFinite(value))) return { ok: true, values };
  return loss === 'squaredLog'
    ? failure('invalid-label', 'targets and predictions above −1')
    : failure('out-of-range', 'errors whose losses stay in the range of doubles');
}

function lossOf(loss: Loss, target: number, prediction: number): number {
  const error = target - prediction;
  switch (loss) {
    case 'absolute':
      return Math.abs(error);
    case 'squared':
      return error * error;
    case 'percentage':
      return Math.abs(error) / Math.max(2 ** -52, Math.abs(target));
    case 'squaredLog':
      return (Math.log1p(target) - Math.log1p(prediction)) ** 2;
  }
}

function checkFeatures(features: readonly ArrayLike<number>[], rows: number): Failure | undefined {
  if (features.length === 0) return failure('empty', 'at least one feature column');
  for (const [at, column] of features.entries()) {
    const mismatch = checkSameLength(`features[${at}]`, column.length, rows);
    if (mismatch) return mismatch;
  }
  return undefined;
}

function checkSettings(settings: BoostingSettings): Failure | undefined {
  return firstFailure(
    checkWhole('boosting.trees', settings.trees, 1),
    checkWhole('boosting.leaves', settings.leaves, 2),
    checkWhole('boosting.minimumLeafRows', settings.minimumLeafRows, 1),
    checkPositive('boosting.learningRate', settings.learningRate),
  );
}
