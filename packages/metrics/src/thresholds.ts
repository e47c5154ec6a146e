import {
  type ConfusionMetrics,
  type ConfusionOptions,
  confusionMetrics,
  type OutcomeValues,
} from './confusion-metrics.ts';
import { constantScores } from './curves.ts';
import { type BinaryLabel, checkOpenUnit, checkUnit, firstFailure, readBinaryRows } from './internal/check.ts';
import { type ScoreSteps, scoreSteps } from './internal/score-steps.ts';
import { failure, type Result } from './result.ts';

/** A threshold and everything that follows from predicting positive at scores of at least it. */
export interface OperatingPoint extends ConfusionMetrics {
  readonly ok: true;
  /** +∞ when predicting nobody positive is the answer. */
  readonly threshold: number;
}

/**
 * What would the metrics be at these thresholds? For a threshold slider or table.
 *
 * Formula: `confusionMetrics` of scores ≥ threshold as predicted positive. Assumes independent rows; the intervals hold
 * for a threshold fixed beforehand.
 * Domain: thresholds on the scale of the scores, infinite ones allowed. Fails like `rocCurve`, without one (`empty`)
 * and on one that is NaN. Source: as `confusionMetrics`.
 */
export function operatingPoints(
  labels: ArrayLike<BinaryLabel>,
  scores: ArrayLike<number>,
  thresholds: readonly number[],
  options: ConfusionOptions = {},
): Result<{ readonly points: readonly OperatingPoint[] }> {
  const steps = readSteps(labels, scores);
  if (!steps.ok) return steps;
  if (thresholds.length === 0) return failure('empty', 'at least one threshold');
  const points: OperatingPoint[] = [];
  for (const threshold of thresholds) {
    if (Number.isNaN(threshold)) return failure('invalid-argument', 'thresholds that are numbers');
    let step = -1;
    while (step + 1 < steps.thresholds.length && (steps.thresholds[step + 1] as number) >= threshold) step += 1;
    const point = pointAt(steps, step, options);
    if (!point.ok) return point;
    points.push({ ...point, threshold });
  }
  return { ok: true, points };
}

/**
 * What is the most recall that keeps the false positive rate at or below a limit, and at which threshold?
 *
 * Formula: tp/positives at the lowest threshold with fp/negatives within the limit (the highest of those with that
 * recall).
 * Assumes independent rows; the intervals take the threshold as given: on few rows a threshold chosen on the same rows
 * looks better than it is.
 * Domain: limit in [0, 1]. Fails outside it and like `rocCurve`; `not-reachable` when even the highest score breaks the
 * limit.
 * Source: definition, on the ROC curve.
 */
export function recallAtFalsePositiveRate(
  labels: ArrayLike<BinaryLabel>,
  scores: ArrayLike<number>,
  maximumFalsePositiveRate: number,
  options: ConfusionOptions = {},
): Result<OperatingPoint> {
  const problem = checkUnit('maximumFalsePositiveRate', maximumFalsePositiveRate);
  if (problem) return problem;
  const steps = readSteps(labels, scores);
  if (!steps.ok) return steps;
  let step = -1;
  while (
    step + 1 < steps.thresholds.length &&
    (steps.falsePositives[step + 1] as number) <= maximumFalsePositiveRate * steps.negatives
  ) {
    step += 1;
  }
  if (step < 0) return failure('not-reachable', 'a higher limit: even the highest score has too many false positives');
  return pointAt(steps, lastNeeded(steps, step), options);
}

/**
 * What is the smallest false positive rate that reaches a recall, and at which threshold?
 *
 * Formula: fp/negatives at the highest threshold with tp/positives of at least the recall. Assumptions as
 * `recallAtFalsePositiveRate`. Domain: recall in [0, 1]. Fails outside it and like `rocCurve`. Source: definition, on
 * the ROC curve.
 */
export function falsePositiveRateAtRecall(
  labels: ArrayLike<BinaryLabel>,
  scores: ArrayLike<number>,
  minimumRecall: number,
  options: ConfusionOptions = {},
): Result<OperatingPoint> {
  const problem = checkUnit('minimumRecall', minimumRecall);
  if (problem) return problem;
  const steps = readSteps(labels, scores);
  if (!steps.ok) return steps;
  let step = 0;
  while ((steps.truePositives[step] as number) < minimumRecall * steps.positives) step += 1;
  return pointAt(steps, step, options);
}

/**
 * Which threshold has the most value, given what each outcome is worth?
 *
 * Formula: max over thresholds of Σ cells·values/rows, nobody-positive included; ties go to the higher threshold (fewer
 * alerts). `gain` compares with the better of alerting on nobody and on everybody.
 * Assumes independent rows, and classes as frequent where it is used as here. The intervals take the threshold as given
 * (see `recallAtFalsePositiveRate`).
 * Domain and failures as `rocCurve`; fails on values that are not finite too. Source: definition; Elkan, IJCAI 2001.
 */
export function costOptimalThreshold(
  labels: ArrayLike<BinaryLabel>,
  scores: ArrayLike<number>,
  values: OutcomeValues,
  options: ConfusionOptions = {},
): Result<OperatingPoint & { readonly gain: number }> {
  const steps = readSteps(labels, scores);
  if (!steps.ok) return steps;
  const worthAt = (step: number) => {
    const { truePositives: tp, falsePositives: fp, falseNegatives: fn, trueNegatives: tn } = cellsAt(steps, step);
    return tp * values.truePositive + fp * values.falsePositive + fn * values.falseNegative + tn * values.trueNegative;
  };
  let best = -1;
  for (let step = 0; step < steps.thresholds.length; step += 1) {
    if (worthAt(step) > worthAt(best)) best = step;
  }
  const point = pointAt(steps, best, { ...options, values });
  if (!point.ok) return point;
  const trivial = Math.max(worthAt(-1), worthAt(steps.thresholds.length - 1));
  return { ...point, gain: (worthAt(best) - trivial) / (steps.positives + steps.negatives) };
}

/**
 * How much better than chance is the top of the ranking?
 *
 * Formula: precision among the `share` of rows with the highest scores, divided by the prevalence (`lift`), and the
 * share of all positives found there (`gain`). Rows tied at the edge count in proportion, so the order of equal scores
 * does not matter.
 * Assumes nothing of the rows: it describes them, without an interval (see `bootstrapInterval`).
 * Domain: `share` in (0, 1). Fails outside it and like `rocCurve`. Source: definition of lift and cumulative gains
 * charts.
 */
export function liftAtTop(
  labels: ArrayLike<BinaryLabel>,
  scores: ArrayLike<number>,
  share: number,
): Result<{ readonly lift: number; readonly gain: number; readonly precision: number; readonly rows: number }> {
  const problem = checkOpenUnit('share', share);
  if (problem) return problem;
  const steps = readSteps(labels, scores);
  if (!steps.ok) return steps;
  const total = steps.positives + steps.negatives;
  const rows = Math.max(1, Math.round(share * total));
  let found = 0;
  let taken = 0;
  for (let step = 0; step < steps.thresholds.length && taken < rows; step += 1) {
    const truths = (steps.truePositives[step] as number) - (step > 0 ? (steps.truePositives[step - 1] as number) : 0);
    const alarms = (steps.falsePositives[step] as number) - (step > 0 ? (steps.falsePositives[step - 1] as number) : 0);
    const part = Math.min(1, (rows - taken) / (truths + alarms));
    found += part * truths;
    taken += part * (truths + alarms);
  }
  const precision = found / rows;
  return { ok: true, lift: precision / (steps.positives / total), gain: found / steps.positives, precision, rows };
}

function readSteps(labels: ArrayLike<BinaryLabel>, scores: ArrayLike<number>): Result<ScoreSteps> {
  const rows = readBinaryRows(labels, scores, undefined, { bothClasses: true });
  if (!rows.ok) return rows;
  const steps = scoreSteps(rows);
  return firstFailure(steps.thresholds.length < 2 ? constantScores() : undefined) ?? { ok: true, ...steps };
}

/** Lowering the threshold without finding another positive helps nobody: step back to where the last one was found. */
function lastNeeded(steps: ScoreSteps, step: number): number {
  let at = step;
  while (at > 0 && steps.truePositives[at - 1] === steps.truePositives[at]) at -= 1;
  return at;
}

function cellsAt(steps: ScoreSteps, step: number) {
  const tp = step < 0 ? 0 : (steps.truePositives[step] as number);
  const fp = step < 0 ? 0 : (steps.falsePositives[step] as number);
  return {
    truePositives: tp,
    falsePositives: fp,
    falseNegatives: steps.positives - tp,
    trueNegatives: steps.negatives - fp,
  };
}

function pointAt(steps: ScoreSteps, step: number, options: ConfusionOptions): Result<OperatingPoint> {
  const metrics = confusionMetrics(cellsAt(steps, step), options);
  if (!metrics.ok) return metrics;
  return { ...metrics, threshold: step < 0 ? Number.POSITIVE_INFINITY : (steps.thresholds[step] as number) };
}
