import { checkValues, type OutcomeValues } from './confusion-metrics.ts';
import { averagePrecisionOf } from './curves.ts';
import {
  type BinaryLabel,
  checkAllFinite,
  checkFinite,
  checkOneOf,
  checkRows,
  checkSameLength,
  checkWhole,
  firstFailure,
  notAProbability,
  readBinaryRows,
} from './internal/check.ts';
import {
  type ExpectationStyle,
  type ExpectedCells,
  expectedAuc,
  expectedAucError,
  expectedAveragePrecision,
  expectedCells,
} from './internal/expected-confusion.ts';
import {
  bandOf,
  chunksOf,
  type EstimatedMetric,
  estimateWithin,
  type ReferenceBand,
  spreadOf,
} from './internal/reference-band.ts';
import { chooseCalibration, type Splits } from './internal/reference-calibration.ts';
import { areaUnderRoc, scoreSteps } from './internal/score-steps.ts';
import { applyIsotonic, type IsotonicFit } from './isotonic.ts';
import { type Failure, failure, type Result } from './result.ts';

const METRICS = [
  'rocAuc',
  'averagePrecision',
  'f1',
  'precision',
  'recall',
  'specificity',
  'accuracy',
  'valuePerRow',
] as const;
export type EstimatedBinaryMetric = (typeof METRICS)[number];

/** Plain data; can be stored as JSON. */
export interface ConfidenceBasedEstimator {
  readonly kind: 'confidence-based-estimator';
  readonly threshold: number;
  readonly values: OutcomeValues | null;
  readonly calibrator: IsotonicFit | null;
  readonly heldOutError: { readonly before: number; readonly after: number } | null;
  readonly bands: Readonly<Record<EstimatedBinaryMetric, Result<{ readonly band: ReferenceBand }>>>;
}

export interface ConfidenceBasedOptions {
  /** Uniform numbers in [0, 1): for the splits and for the resampling behind the error of average precision. */
  readonly random: () => number;
  /** Rows of a reference chunk, for the alarm thresholds; a tenth of the rows unless given. */
  readonly chunkRows?: number;
  /** Scores from here on are predicted positive; 0.5 unless given. */
  readonly threshold?: number;
  readonly values?: OutcomeValues;
  /** `auto` (default) calibrates when that helps on held-out rows. */
  readonly calibrate?: 'auto' | 'never';
  /** Use these splits instead of random ones. */
  readonly splits?: Splits;
  /**
   * How much likelier each reference row is in the traffic to be judged (density ratio): the calibrator then fits
   * where that traffic lies, which is what covariate shift asks for.
   */
  readonly weights?: ArrayLike<number>;
}

/**
 * What must be known of labelled reference rows to estimate the performance of later rows before their labels come?
 * Learns an isotonic calibrator (only if it helps), the sampling error of each metric, and alarm thresholds.
 *
 * Formula: sampling error spread/√(rows·share of rows that count) with the spread of one row on the reference;
 * thresholds mean ± 3 standard deviations of the realised metric over reference chunks.
 * Assumes independent reference rows in the order they came, which are not the training rows.
 * Domain: labels 0/1 or missing, finite scores; at least 20 labelled rows of both classes, chunks of at least 2 rows.
 * Fails without labels of both classes, on fewer than 20 labelled rows, NaN scores, equal scores throughout. Single
 * metrics without an answer on the reference carry their reason in `bands`.
 * Source: CBPE as defined by NannyML 0.13 (nannyml.readthedocs.io), its formulas and defaults.
 */
export function fitConfidenceBasedEstimator(
  labels: ArrayLike<BinaryLabel>,
  scores: ArrayLike<number>,
  options: ConfidenceBasedOptions,
): Result<{ readonly estimator: ConfidenceBasedEstimator }> {
  const { threshold = 0.5, values = null, calibrate = 'auto', random } = options;
  const rows = readBinaryRows(labels, scores, undefined, { bothClasses: true });
  if (!rows.ok) return rows;
  const chunkRows = options.chunkRows ?? Math.max(2, Math.ceil(rows.count / 10));
  const problem = firstFailure(
    checkRows(rows.count, 20),
    checkWhole('chunkRows', chunkRows, 2),
    checkFinite('threshold', threshold),
    checkOneOf('calibrate', calibrate, ['auto', 'never']),
    values ? checkValues(values) : undefined,
    options.weights && checkSameLength('weights', options.weights.length, rows.count),
  );
  if (problem) return problem;
  if (rows.scores.every((score) => score === rows.scores[0]))
    return failure('constant', 'at least two different scores');
  const { positives, scores: kept } = rows;
  const choice =
    calibrate === 'never'
      ? { fit: null, heldOutError: null }
      : chooseCalibration(positives, kept, random, options.splits, options.weights);
  const chunks = chunksOf(rows.count, chunkRows).map(([from, to]) =>
    realizedMetrics(positives.subarray(from, to), kept.subarray(from, to), threshold, values),
  );
  const spreads = referenceSpreads(positives, kept, threshold, values, random);
  const bands = METRICS.map((name) => {
    const { spread, share } = spreads[name];
    return [
      name,
      bandOf(
        spread,
        share,
        chunks.map((chunk) => chunk[name]),
        rangeOf(name),
      ),
    ] as const;
  });
  return {
    ok: true,
    estimator: {
      kind: 'confidence-based-estimator',
      threshold,
      values,
      calibrator: choice.fit,
      heldOutError: choice.heldOutError,
      bands: Object.fromEntries(bands) as ConfidenceBasedEstimator['bands'],
    },
  };
}

function rangeOf(metric: EstimatedBinaryMetric): readonly [number, number] {
  return metric === 'valuePerRow' ? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] : [0, 1];
}

export interface ConfidenceBasedEstimate {
  readonly ok: true;
  readonly metrics: Readonly<Record<EstimatedBinaryMetric, Result<EstimatedMetric>>>;
  /** Expected confusion matrix: each row counted as p of a positive. */
  readonly cells: ExpectedCells;
  readonly expectedPrevalence: number;
  readonly count: number;
}

/**
 * How well is the model doing on rows without labels?
 *
 * Formula: every row counts with its calibrated probability p as p of a positive: accuracy, precision, recall, F1,
 * specificity and value from the expected confusion matrix, AUC and average precision from expected cumulative counts
 * by falling raw score; each ± 3 sampling errors.
 * Assumes that a score still means what it meant on the reference (no concept drift) and that scores stay in the range
 * seen there. It cannot see a change in what the features mean for the label: judge it by realised figures once they
 * come (`scorePastEstimates`). `style: 'nannyml'` repeats that library's handling of ties and rounding, and its
 * sampling error of the AUC, which counts the rarer class of the reference only; ours takes DeLong's variance on the
 * rows at hand, without which the band is too narrow when traffic moves.
 * Domain: finite scores; probabilities when the estimator has no calibrator.
 * Fails on no row, one row, NaN scores, and on scores outside [0, 1] when nothing calibrates them. A metric without an
 * answer here or on the reference carries its reason.
 * Source: CBPE as defined by NannyML 0.13.
 */
export function estimatePerformance(
  estimator: ConfidenceBasedEstimator,
  scores: ArrayLike<number>,
  options: { readonly style?: ExpectationStyle } = {},
): Result<ConfidenceBasedEstimate> {
  const problem =
    checkAllFinite('scores', scores) ??
    checkRows(scores.length) ??
    checkOneOf('style', options.style ?? 'ours', ['ours', 'nannyml']);
  if (problem) return problem;
  const probabilities = calibrated(estimator.calibrator, scores);
  if (!probabilities.ok) return probabilities;
  const p = probabilities.values;
  const count = scores.length;
  const predicted = Uint8Array.from(p, (_, row) => ((scores[row] as number) >= estimator.threshold ? 1 : 0));
  const cells = expectedCells(predicted, p);
  const isConstant = Array.prototype.every.call(scores, (score) => score === scores[0]);
  const ranked = (value: () => number) => (isConstant ? Number.NaN : value());
  const estimates: Record<EstimatedBinaryMetric, number> = {
    ...confusionRatios(cells, estimator.values),
    rocAuc: ranked(() => expectedAuc(scores, p, options.style)),
    averagePrecision: ranked(() => expectedAveragePrecision(scores, p, options.style)),
  };
  const metrics = METRICS.map((name) => {
    const band = estimator.bands[name];
    const ownError = name === 'rocAuc' && options.style !== 'nannyml' ? expectedAucError(scores, p) : undefined;
    return [name, band.ok ? estimateWithin(band.band, estimates[name], count, rangeOf(name), ownError) : band];
  });
  const expectedPrevalence = (cells.truePositives + cells.falseNegatives) / count;
  return { ok: true, metrics: Object.fromEntries(metrics), cells, expectedPrevalence, count };
}

function calibrated(fit: IsotonicFit | null, scores: ArrayLike<number>): Result<{ readonly values: Float64Array }> {
  if (fit) return applyIsotonic(fit, scores);
  for (let row = 0; row < scores.length; row += 1) {
    const score = scores[row] as number;
    if (score < 0 || score > 1) return notAProbability(row);
  }
  return { ok: true, values: Float64Array.from(scores) };
}

/** NaN where a ratio has no answer. */
function confusionRatios(cells: ExpectedCells, values: OutcomeValues | null) {
  const { truePositives: tp, falsePositives: fp, falseNegatives: fn, trueNegatives: tn } = cells;
  const count = tp + fp + fn + tn;
  const worth = values
    ? tp * values.truePositive + fp * values.falsePositive + fn * values.falseNegative + tn * values.trueNegative
    : Number.NaN;
  return {
    f1: tp / (tp + 0.5 * (fp + fn)),
    precision: tp / (tp + fp),
    recall: tp / (tp + fn),
    specificity: tn / (tn + fp),
    accuracy: (tp + tn) / count,
    valuePerRow: worth / count,
  };
}

function realizedMetrics(labels: Uint8Array, scores: Float64Array, threshold: number, values: OutcomeValues | null) {
  const predicted = Uint8Array.from(scores, (score) => (score >= threshold ? 1 : 0));
  const steps = scoreSteps({ positives: labels, scores, weights: undefined, count: labels.length, unlabelled: 0 });
  const hasBoth = steps.positives > 0 && steps.negatives > 0;
  return {
    ...confusionRatios(expectedCells(predicted, labels), values),
    rocAuc: hasBoth ? areaUnderRoc(steps) : Number.NaN,
    averagePrecision: hasBoth ? averagePrecisionOf(steps) : Number.NaN,
  };
}

const AVERAGE_PRECISION_RESAMPLES = 50;
const LARGEST_RESAMPLE = 50_000;

/** Spread of what one row (or one relevant row) adds, and the share of rows that are relevant. */
function referenceSpreads(
  labels: Uint8Array,
  scores: Float64Array,
  threshold: number,
  values: OutcomeValues | null,
  random: () => number,
): Record<EstimatedBinaryMetric, { spread: number; share: number }> {
  const count = labels.length;
  const predicted = Uint8Array.from(scores, (score) => (score >= threshold ? 1 : 0));
  const cells = expectedCells(predicted, labels);
  const { truePositives: tp, falsePositives: fp, falseNegatives: fn, trueNegatives: tn } = cells;
  const ofRate = (hits: number, relevant: number) => {
    const rate = hits / relevant;
    return { spread: Math.sqrt(rate * (1 - rate)), share: relevant / count };
  };
  const f1 = ofRate(tp, tp + fp + fn);
  const rowValues = Float64Array.from(labels, (label, row) => {
    if (!values) return Number.NaN;
    if (predicted[row] === 1) return label === 1 ? values.truePositive : values.falsePositive;
    return label === 1 ? values.falseNegative : values.trueNegative;
  });
  return {
    rocAuc: aucSpread(labels, scores),
    averagePrecision: averagePrecisionSpread(labels, scores, random),
    f1: { spread: (f1.spread * (tp + fp + fn)) / (tp + 0.5 * (fp + fn)), share: f1.share },
    precision: ofRate(tp, tp + fp),
    recall: ofRate(tp, tp + fn),
    specificity: ofRate(tn, tn + fp),
    accuracy: { ...ofRate(tp + tn, count), share: 1 },
    valuePerRow: { spread: spreadOf(rowValues), share: 1 },
  };
}

/** Spread over the rarer class of the share of the other class on the right side: the Mann–Whitney form of the AUC. */
export function aucSpread(labels: Uint8Array, scores: Float64Array): { spread: number; share: number } {
  const positives = labels.reduce((total, label) => total + label, 0);
  const rarer = positives / labels.length > 0.5 ? 0 : 1;
  const steps = scoreSteps({
    positives: labels.map((label) => (label === rarer ? 1 : 0)),
    scores: rarer === 1 ? scores : scores.map((score) => -score),
    weights: undefined,
    count: labels.length,
    unlabelled: 0,
  });
  const shares: number[] = [];
  let [truths, alarms] = [0, 0];
  for (let step = 0; step < steps.thresholds.length; step += 1) {
    const [nextTruths, nextAlarms] = [steps.truePositives[step] as number, steps.falsePositives[step] as number];
    const below = (steps.negatives - (alarms + nextAlarms) / 2) / steps.negatives;
    for (let row = truths; row < nextTruths; row += 1) shares.push(below);
    [truths, alarms] = [nextTruths, nextAlarms];
  }
  return { spread: spreadOf(shares), share: steps.positives / labels.length };
}

function averagePrecisionSpread(labels: Uint8Array, scores: Float64Array, random: () => number) {
  const size = Math.min(Math.floor(labels.length / 2), LARGEST_RESAMPLE);
  const values: number[] = [];
  for (let resample = 0; resample < AVERAGE_PRECISION_RESAMPLES; resample += 1) {
    const drawn = Uint32Array.from({ length: size }, () => Math.floor(random() * labels.length));
    const positives = Uint8Array.from(drawn, (row) => labels[row] as number);
    const drawnScores = Float64Array.from(drawn, (row) => scores[row] as number);
    const steps = scoreSteps({ positives, scores: drawnScores, weights: undefined, count: size, unlabelled: 0 });
    // A resample without a positive has average precision 0 by convention.
    values.push(steps.positives === 0 ? 0 : averagePrecisionOf(steps));
  }
  return { spread: spreadOf(values) * Math.sqrt(size), share: 1 };
}

/**
 * How far off were past estimates? Show it beside the next estimate.
 *
 * Formula: for pairs of an estimate and the figure realised later, mean |estimate − realised|, mean
 * (estimate − realised) (positive: estimated too high) and the share of realised figures inside the band.
 * Assumes entry i of both lists is of the same rows, all labels in. Domain: finite figures, lists of equal length.
 * Fails on none (`empty`), one pair (`too-few-rows`), figures that are not finite, and `length-mismatch`.
 * Source: definition.
 */
export function scorePastEstimates(
  estimates: readonly Pick<EstimatedMetric, 'value' | 'lower' | 'upper'>[],
  realized: ArrayLike<number>,
): Result<{
  readonly meanAbsoluteError: number;
  readonly meanError: number;
  readonly shareInsideBand: number;
  readonly count: number;
}> {
  const problem: Failure | undefined =
    checkSameLength('realized', realized.length, estimates.length) ??
    checkAllFinite('realized', realized) ??
    checkAllFinite(
      'estimates',
      estimates.map(({ value }) => value),
    ) ??
    (estimates.every(({ lower, upper }) => lower <= upper)
      ? undefined
      : failure('invalid-argument', 'estimates whose lower end is not above the upper one')) ??
    checkRows(estimates.length);
  if (problem) return problem;
  let [absolute, signed, inside] = [0, 0, 0];
  for (const [at, { value, lower, upper }] of estimates.entries()) {
    const truth = realized[at] as number;
    absolute += Math.abs(value - truth);
    signed += value - truth;
    if (truth >= lower && truth <= upper) inside += 1;
  }
  const count = estimates.length;
  return {
    ok: true,
    meanAbsoluteError: absolute / count,
    meanError: signed / count,
    shareInsideBand: inside / count,
    count,
  };
}
