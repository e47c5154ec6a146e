import { type ConfidenceOptions, checkedPoint, type Estimate } from './estimate.ts';
import { type BinaryLabel, readBinaryRows } from './internal/check.ts';
import { type ScoreSteps, scoreSteps } from './internal/score-steps.ts';
import { failure, type Result } from './result.ts';

export interface CurveOptions {
  readonly weights?: ArrayLike<number>;
}

export interface RocCurve {
  readonly ok: true;
  /** Falling; the first is +∞ (nothing is predicted positive). */
  readonly thresholds: Float64Array;
  readonly falsePositiveRates: Float64Array;
  readonly truePositiveRates: Float64Array;
  readonly positives: number;
  readonly negatives: number;
}

/**
 * How do true and false positive rate move together as the threshold falls? One point for each distinct score, from
 * (0, 0) to (1, 1).
 *
 * Formula: at score ≥ threshold, tp/positives and fp/negatives. `simplify` leaves out points on a straight line between
 * their neighbours: the same curve, fewer points.
 * Assumes nothing of the rows: it describes them. Domain: scores of any scale, finite on labelled rows; weights ≥ 0.
 * Fails on no row (`empty`), no label (`all-missing`), fewer than two labelled rows, when a class is missing
 * (`one-class`), when all scores are equal (`constant`) and on NaN scores.
 * Source: scikit-learn `roc_curve` (`simplify` is its `drop_intermediate`).
 */
export function rocCurve(
  labels: ArrayLike<BinaryLabel>,
  scores: ArrayLike<number>,
  options: CurveOptions & { readonly simplify?: boolean } = {},
): Result<RocCurve> {
  const steps = readSteps(labels, scores, options);
  if (!steps.ok) return steps;
  const size = steps.thresholds.length;
  const kept: number[] = [-1];
  for (let index = 0; index < size; index += 1) {
    if (index === 0 || index === size - 1 || !options.simplify || bends(steps, index)) kept.push(index);
  }
  const pick = (values: Float64Array, scale: number, first: number) =>
    Float64Array.from(kept, (index) => (index < 0 ? first : (values[index] as number) / scale));
  return {
    ok: true,
    thresholds: pick(steps.thresholds, 1, Number.POSITIVE_INFINITY),
    falsePositiveRates: pick(steps.falsePositives, steps.negatives, 0),
    truePositiveRates: pick(steps.truePositives, steps.positives, 0),
    positives: steps.positives,
    negatives: steps.negatives,
  };
}

function bends(steps: ScoreSteps, index: number): boolean {
  const second = (values: Float64Array) =>
    (values[index + 1] as number) - 2 * (values[index] as number) + (values[index - 1] as number);
  return second(steps.falsePositives) !== 0 || second(steps.truePositives) !== 0;
}

export interface PrecisionRecallCurve {
  readonly ok: true;
  /** Falling; point i is what holds when scores ≥ thresholds[i] are predicted positive. */
  readonly thresholds: Float64Array;
  readonly precisions: Float64Array;
  readonly recalls: Float64Array;
}

/**
 * What precision does each recall cost? One point for each distinct score.
 *
 * Formula: at score ≥ threshold, precision tp/(tp + fp) and recall tp/positives. The conventional start (recall 0,
 * precision 1) is not a threshold anyone can set and is left to the chart.
 * Assumes nothing of the rows: it describes them. Domain and failures as `rocCurve`.
 * Source: scikit-learn `precision_recall_curve`, in the opposite order and without its last point.
 */
export function precisionRecallCurve(
  labels: ArrayLike<BinaryLabel>,
  scores: ArrayLike<number>,
  options: CurveOptions = {},
): Result<PrecisionRecallCurve> {
  const steps = readSteps(labels, scores, options);
  if (!steps.ok) return steps;
  return {
    ok: true,
    thresholds: steps.thresholds,
    precisions: steps.truePositives.map((truths, index) => truths / (truths + (steps.falsePositives[index] as number))),
    recalls: steps.truePositives.map((truths) => truths / steps.positives),
  };
}

/**
 * How precise is the ranking on average over all recalls? Its base line is the prevalence, not ½.
 *
 * Formula: Σ (Rᵢ − Rᵢ₋₁) Pᵢ over falling thresholds (the step sum, not the trapezoid, which is too kind), with the
 * logit interval logit⁻¹(logit AP ± z/√(positives · AP(1−AP))); for AP = 1 the bound AP ≥ (α/2)^(1/positives).
 * Assumes independent rows. Domain and failures as `rocCurve`.
 * Source: scikit-learn `average_precision_score`; interval: Boyd, Eng and Page, ECML PKDD 2013.
 */
export function averagePrecision(
  labels: ArrayLike<BinaryLabel>,
  scores: ArrayLike<number>,
  options: CurveOptions & ConfidenceOptions = {},
): Result<Estimate> {
  const checked = checkedPoint(options);
  if (!checked.ok) return checked;
  const steps = readSteps(labels, scores, options);
  if (!steps.ok) return steps;
  const value = averagePrecisionOf(steps);
  const count = steps.rowCount;
  const effectivePositives = steps.effectivePositives;
  if (value >= 1) {
    // Perfect so far: the logit has no spread, so bound what `positives` hits in a row allow.
    const lower = checked.tail ** (1 / effectivePositives);
    return { ok: true, value: 1, lower, upper: 1, count, method: 'disjoint-pairs' };
  }
  const half = checked.point / Math.sqrt(effectivePositives * value * (1 - value));
  const logit = Math.log(value / (1 - value));
  const back = (x: number) => 1 / (1 + Math.exp(-x));
  return { ok: true, value, lower: back(logit - half), upper: back(logit + half), count, method: 'logit' };
}

export function averagePrecisionOf(steps: ScoreSteps): number {
  let total = 0;
  let truths = 0;
  for (let index = 0; index < steps.thresholds.length; index += 1) {
    const next = steps.truePositives[index] as number;
    total += ((next - truths) / steps.positives) * (next / (next + (steps.falsePositives[index] as number)));
    truths = next;
  }
  return Math.min(1, total);
}

interface ReadSteps extends ScoreSteps {
  readonly ok: true;
  readonly rowCount: number;
  readonly effectivePositives: number;
}

function readSteps(
  labels: ArrayLike<BinaryLabel>,
  scores: ArrayLike<number>,
  options: CurveOptions,
): Result<ReadSteps> {
  const rows = readBinaryRows(labels, scores, options.weights, { bothClasses: true });
  if (!rows.ok) return rows;
  const steps = scoreSteps(rows);
  if (steps.thresholds.length < 2) return constantScores();
  let squares = 0;
  if (rows.weights) {
    for (const [index, weight] of rows.weights.entries()) squares += rows.positives[index] === 1 ? weight * weight : 0;
  }
  const effectivePositives = rows.weights ? steps.positives ** 2 / squares : steps.positives;
  return { ...steps, ok: true, rowCount: rows.count, effectivePositives };
}

export function constantScores() {
  return failure('constant', 'at least two different scores; equal scores rank nothing');
}
