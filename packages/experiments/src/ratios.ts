import { type ArmEstimate, checkEffectOptions, compareArms, type Effect, type EffectOptions } from './effect.ts';
import { failure, type Result } from './result.ts';
import { checkPairSummary, type MeanSummary, type PairSummary } from './summaries.ts';

/**
 * Is a ratio of sums (clicks per request, tokens per answer) different when units are users or sessions, judged once at
 * the planned end? Needed whenever the unit analysed is not the unit randomised.
 *
 * Formula: R = M̄/D̄; per-unit variance by the delta method V_M/D̄² + V_D M̄²/D̄⁴ − 2 Cov(M,D) M̄/D̄³, then the test of
 * {@link compareMeans}. The first variable of a summary is the numerator, the second the denominator.
 * Assumes independent units and D̄ well away from 0 relative to its standard error. Domain: at least two units an arm.
 * Fails when a denominator's mean is 0, when both ratios do not vary, and on the relative scale when the control ratio
 * is 0.
 * Source: Deng, Knoblich and Lu, KDD 2018 (arXiv 1803.06336).
 */
export function compareRatios(
  control: PairSummary,
  treatment: PairSummary,
  options: EffectOptions = {},
): Result<Effect> {
  const problem =
    checkPairSummary('control', control) ?? checkPairSummary('treatment', treatment) ?? checkEffectOptions(options);
  if (problem) return problem;
  if (control.meanSecond === 0 || treatment.meanSecond === 0) {
    return failure('zero-baseline', 'denominators whose mean is not 0 in either arm');
  }
  return compareArms(ratioArm(control), ratioArm(treatment), options);
}

/**
 * What is the summary of a mean, when the outcome is a ratio of sums? For `relativeSequencePoint`.
 *
 * Formula: M̄/D̄ with the delta-method variance of one unit of {@link compareRatios}; its assumptions and source hold
 * here.
 * Domain: at least two units. Fails as `zero-baseline` when the denominator's mean is 0, and on a bad summary.
 */
export function summariseRatio(arm: PairSummary): Result<MeanSummary> {
  const problem = checkPairSummary('arm', arm);
  if (problem) return problem;
  if (arm.meanSecond === 0) return failure('zero-baseline', 'a denominator whose mean is not 0');
  return { ok: true, ...ratioArm(arm) };
}

function ratioArm(summary: PairSummary): ArmEstimate {
  const ratio = summary.meanFirst / summary.meanSecond;
  // The delta-method variance with the ratio factored out: V(M − R·D)/D̄².
  const variance = summary.varianceFirst + ratio * ratio * summary.varianceSecond - 2 * ratio * summary.covariance;
  return { mean: ratio, variance: Math.max(0, variance) / summary.meanSecond ** 2, count: summary.count };
}
