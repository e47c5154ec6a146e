import { normalSurvival } from '@switchyard/special-functions';
import { constantScores } from './curves.ts';
import { type ConfidenceOptions, checkedPoint, type Estimate } from './estimate.ts';
import { type BinaryLabel, type BinaryRows, checkOneOf, checkSameLength, readBinaryRows } from './internal/check.ts';
import { areaUnderRoc, orderByFallingScore, type ScoreSteps, scoreSteps } from './internal/score-steps.ts';
import { failure, type Result } from './result.ts';

export interface AucOptions extends ConfidenceOptions {
  /**
   * `logit` (default) makes DeLong's interval on the log-odds of the AUC, which keeps its coverage near 1;
   * `plain` is value ± z·SE, cut to [0, 1], as pROC does.
   */
  readonly scale?: 'logit' | 'plain';
}

export interface AucEstimate extends Estimate {
  readonly standardError: number;
  readonly positives: number;
  readonly negatives: number;
}

/**
 * What is the chance that a random positive scores above a random negative, ties counting one half? With DeLong's
 * interval.
 *
 * Formula: V₁₀ᵢ = share of negatives below positive i, V₀₁ⱼ = share of positives above negative j, AUC = mean V₁₀, SE²
 * = var(V₁₀)/positives + var(V₀₁)/negatives (variances with n − 1); the interval is made on the log-odds unless `scale`
 * is `plain`. When the classes are separated perfectly that variance is 0 though the AUC is not known exactly; then the
 * interval is the exact bound from min(positives, negatives) disjoint pairs, AUC ≥ (α/2)^(1/pairs) (`disjoint-pairs`).
 * Assumes independent rows. Domain: scores of any scale, finite on labelled rows.
 * Fails on no label (`all-missing`), when a class is missing (`one-class`) or has fewer than two rows, when all scores
 * are equal (`constant`), on a NaN score.
 * Source: DeLong, DeLong and Clarke-Pearson, Biometrics 44 (1988); Sun and Xu, IEEE SPL 21 (2014) for doing it by
 * ranks.
 */
export function rocAuc(
  labels: ArrayLike<BinaryLabel>,
  scores: ArrayLike<number>,
  options: AucOptions = {},
): Result<AucEstimate> {
  const checked = checkedPoint(options);
  if (!checked.ok) return checked;
  const rows = readBinaryRows(labels, scores, undefined, { bothClasses: true });
  if (!rows.ok) return rows;
  return aucFromSteps(scoreSteps(rows), options);
}

/** The AUC with its interval from cumulative whole counts at each distinct score. */
export function aucFromSteps(steps: ScoreSteps, options: AucOptions): Result<AucEstimate> {
  const checked = checkedPoint(options);
  if (!checked.ok) return checked;
  const problem = checkOneOf('scale', options.scale ?? 'logit', ['logit', 'plain']);
  if (problem) return problem;
  const { positives, negatives } = steps;
  if (steps.thresholds.length < 2) return constantScores();
  if (positives < 2 || negatives < 2) return fewInClass();
  const value = areaUnderRoc(steps);
  const standardError = Math.sqrt(aucVariance(steps, value));
  const shared = { ok: true, value, standardError, positives, negatives, count: positives + negatives } as const;
  if (value === 1 || value === 0) {
    const bound = checked.tail ** (1 / Math.min(positives, negatives));
    const [lower, upper] = value === 1 ? [bound, 1] : [0, 1 - bound];
    return { ...shared, lower, upper, method: 'disjoint-pairs' };
  }
  if ((options.scale ?? 'logit') === 'plain') {
    const half = checked.point * standardError;
    return { ...shared, lower: Math.max(0, value - half), upper: Math.min(1, value + half), method: 'delong' };
  }
  const half = (checked.point * standardError) / (value * (1 - value));
  const odds = Math.log(value / (1 - value));
  const back = (x: number) => 1 / (1 + Math.exp(-x));
  return { ...shared, lower: back(odds - half), upper: back(odds + half), method: 'delong-logit' };
}

function aucVariance(steps: ScoreSteps, value: number): number {
  const { positives, negatives } = steps;
  let ofPositives = 0;
  let ofNegatives = 0;
  let truths = 0;
  let alarms = 0;
  for (let index = 0; index < steps.thresholds.length; index += 1) {
    const nextTruths = steps.truePositives[index] as number;
    const nextAlarms = steps.falsePositives[index] as number;
    const negativesBelow = negatives - (alarms + nextAlarms) / 2;
    const positivesAbove = (truths + nextTruths) / 2;
    ofPositives += (nextTruths - truths) * (negativesBelow / negatives - value) ** 2;
    ofNegatives += (nextAlarms - alarms) * (positivesAbove / positives - value) ** 2;
    truths = nextTruths;
    alarms = nextAlarms;
  }
  return ofPositives / (positives - 1) / positives + ofNegatives / (negatives - 1) / negatives;
}

export interface AucComparison {
  readonly ok: true;
  readonly first: number;
  readonly second: number;
  /** second − first, with its interval. */
  readonly difference: Estimate;
  readonly standardError: number;
  readonly pValue: number;
}

/**
 * Does the second model rank better than the first on the same rows? Paired DeLong: the variance of the difference
 * counts how alike the two models err, so far fewer rows decide than with two separate intervals.
 *
 * Formula: with V₁₀ and V₀₁ of `rocAuc` for each model, SE² = var(ΔV₁₀)/positives + var(ΔV₀₁)/negatives, Δ second less
 * first; interval difference ± z·SE, two-sided p-value from the normal limit.
 * Assumes independent rows, and that row i is the same for both models. Domain: three columns of equal length.
 * Fails like `rocAuc`, and as `constant` when both models rank every pair alike.
 * Source: DeLong, DeLong and Clarke-Pearson, Biometrics 44 (1988).
 */
export function compareAucs(
  labels: ArrayLike<BinaryLabel>,
  firstScores: ArrayLike<number>,
  secondScores: ArrayLike<number>,
  options: ConfidenceOptions = {},
): Result<AucComparison> {
  const checked = checkedPoint(options);
  if (!checked.ok) return checked;
  const mismatch = checkSameLength('secondScores', secondScores.length, labels.length);
  if (mismatch) return mismatch;
  const firstRows = readBinaryRows(labels, firstScores, undefined, { bothClasses: true });
  if (!firstRows.ok) return firstRows;
  const secondRows = readBinaryRows(labels, secondScores, undefined, { bothClasses: true });
  if (!secondRows.ok) return { ...secondRows, needed: secondRows.needed.replace('scores[', 'secondScores[') };
  const [first, second] = [placements(firstRows), placements(secondRows)];
  if (first === undefined || second === undefined) return constantScores();
  if (first.positives < 2 || first.negatives < 2) return fewInClass();
  const variance = covariance(first, first) + covariance(second, second) - 2 * covariance(first, second);
  // Rounding leaves about 1e-16 of the parts where the models agree on every pair.
  if (!(variance > 1e-14 * (covariance(first, first) + covariance(second, second)))) {
    return failure('constant', 'two models that rank at least some pairs of rows differently');
  }
  const standardError = Math.sqrt(variance);
  const value = second.value - first.value;
  const half = checked.point * standardError;
  return {
    ok: true,
    first: first.value,
    second: second.value,
    difference: { value, lower: value - half, upper: value + half, count: firstRows.count, method: 'delong' },
    standardError,
    pValue: Math.min(1, 2 * normalSurvival(Math.abs(value) / standardError)),
  };
}

interface Placements {
  readonly value: number;
  readonly positives: number;
  readonly negatives: number;
  /** By row: for a positive the share of negatives below it, for a negative the share of positives above it. */
  readonly shares: Float64Array;
  readonly labels: Uint8Array;
}

/** Undefined when every score is the same. */
function placements(rows: BinaryRows): Placements | undefined {
  const steps = scoreSteps({ ...rows, weights: undefined });
  if (steps.thresholds.length < 2) return undefined;
  const { positives, negatives } = steps;
  const shares = new Float64Array(rows.count);
  const order = orderByFallingScore(rows.scores);
  let step = 0;
  for (const row of order) {
    if ((rows.scores[row] as number) < (steps.thresholds[step] as number)) step += 1;
    if (rows.positives[row] === 1) {
      const before = step > 0 ? (steps.falsePositives[step - 1] as number) : 0;
      shares[row] = (negatives - (before + (steps.falsePositives[step] as number)) / 2) / negatives;
    } else {
      const before = step > 0 ? (steps.truePositives[step - 1] as number) : 0;
      shares[row] = (before + (steps.truePositives[step] as number)) / 2 / positives;
    }
  }
  return { value: areaUnderRoc(steps), positives, negatives, shares, labels: rows.positives };
}

/** Covariance of the two AUC estimates made on the same rows. */
function covariance(a: Placements, b: Placements): number {
  let ofPositives = 0;
  let ofNegatives = 0;
  for (let row = 0; row < a.shares.length; row += 1) {
    const product = ((a.shares[row] as number) - a.value) * ((b.shares[row] as number) - b.value);
    if (a.labels[row] === 1) ofPositives += product;
    else ofNegatives += product;
  }
  return ofPositives / (a.positives - 1) / a.positives + ofNegatives / (a.negatives - 1) / a.negatives;
}

function fewInClass() {
  return failure('too-few-rows', 'at least two positive and two negative rows');
}
