import { type ConfidenceOptions, checkedPoint, type Estimate } from './estimate.ts';
import { type BinaryLabel, checkOpenUnit, readBinaryRows } from './internal/check.ts';
import { failure, type Result } from './result.ts';

/**
 * How are the scores wrong: too extreme, or too high throughout? Logistic regression of the label on the log-odds of
 * the score: slope below 1 means over-confident scores, above 1 timid ones; `intercept` is fitted with the slope held
 * at 1 (calibration in the large): below 0 means scores that are too high. 1 and 0 are perfect.
 *
 * Formula: logit P(label = 1) = a + b·logit(score), by maximum likelihood; normal (Wald) intervals. Scores are cut to
 * [clip, 1 − clip], 1e-6 unless given, because 0 and 1 have no log-odds. Assumes independent rows.
 * Domain: scores in [0, 1], labels of both classes, clip in (0, 1).
 * Fails when a class is missing, when all scores are equal, when a threshold separates the classes perfectly (the slope
 * is then infinite: `no-solution`), on NaN scores and scores outside [0, 1].
 * Source: Cox, Biometrika 45 (1958); Van Calster et al., BMC Medicine 17 (2019).
 */
export function calibrationLine(
  labels: ArrayLike<BinaryLabel>,
  scores: ArrayLike<number>,
  options: ConfidenceOptions & { readonly clip?: number } = {},
): Result<{ readonly slope: Estimate; readonly slopeIntercept: number; readonly intercept: Estimate }> {
  const { clip = 1e-6 } = options;
  const checked = checkedPoint(options);
  if (!checked.ok) return checked;
  const problem = checkOpenUnit('clip', clip);
  if (problem) return problem;
  const rows = readBinaryRows(labels, scores, undefined, { bothClasses: true, probabilities: true });
  if (!rows.ok) return rows;
  const odds = rows.scores.map((score) => {
    const kept = Math.min(Math.max(score, clip), 1 - clip);
    return Math.log(kept / (1 - kept));
  });
  if (odds.every((value) => value === odds[0])) return failure('constant', 'at least two different scores');
  const line = fitLine(rows.positives, odds, true);
  const level = fitLine(rows.positives, odds, false);
  if (line === undefined || level === undefined) {
    return failure('no-solution', 'classes that overlap: here a threshold separates them perfectly');
  }
  const estimate = (value: number, error: number): Estimate => ({
    value,
    lower: value - checked.point * error,
    upper: value + checked.point * error,
    count: rows.count,
    method: 'normal',
  });
  return {
    ok: true,
    slope: estimate(line.slope, line.slopeError),
    slopeIntercept: line.intercept,
    intercept: estimate(level.intercept, level.interceptError),
  };
}

/**
 * Newton's method on the log likelihood; undefined when it runs away. Newton squares the error, so one more step after
 * one of 1e-9 leaves only rounding.
 */
function fitLine(labels: Uint8Array, odds: Float64Array, withSlope: boolean) {
  let intercept = 0;
  let slope = 1;
  let isSettled = false;
  for (let iteration = 0; iteration < 60; iteration += 1) {
    let [gradient0, gradient1, curve00, curve01, curve11] = [0, 0, 0, 0, 0];
    for (let row = 0; row < odds.length; row += 1) {
      const x = odds[row] as number;
      const probability = 1 / (1 + Math.exp(-(intercept + slope * x)));
      const residual = (labels[row] as number) - probability;
      const weight = probability * (1 - probability);
      gradient0 += residual;
      gradient1 += residual * x;
      curve00 += weight;
      curve01 += weight * x;
      curve11 += weight * x * x;
    }
    const determinant = withSlope ? curve00 * curve11 - curve01 * curve01 : curve00;
    if (!(determinant > 1e-12 * Math.max(1, curve11)) || Math.abs(slope) > 1e6) return undefined;
    const step0 = withSlope ? (curve11 * gradient0 - curve01 * gradient1) / determinant : gradient0 / curve00;
    const step1 = withSlope ? (curve00 * gradient1 - curve01 * gradient0) / determinant : 0;
    // Long steps overshoot where the likelihood is flat.
    const damp = Math.min(1, 5 / Math.max(Math.abs(step0), Math.abs(step1), 1e-300));
    intercept += damp * step0;
    slope += damp * step1;
    if (isSettled) {
      const interceptError = Math.sqrt(withSlope ? curve11 / determinant : 1 / curve00);
      return { intercept, slope, interceptError, slopeError: withSlope ? Math.sqrt(curve00 / determinant) : 0 };
    }
    isSettled = Math.abs(step0) <= 1e-9 * (1 + Math.abs(intercept)) && Math.abs(step1) <= 1e-9 * (1 + Math.abs(slope));
  }
  return undefined;
}
