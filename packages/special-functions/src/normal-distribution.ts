// Standard normal distribution.
import { erf, erfc, erfcScaled } from './error-function.ts';

const SQRT_TWO = Math.SQRT2;
const SQRT_TWO_PI = 2.5066282746310007;

/** Density of the standard normal at x. */
export function normalDensity(x: number): number {
  const high = Math.fround(x);
  return (Math.exp(-0.5 * high * high) * Math.exp(-0.5 * (x - high) * (x + high))) / SQRT_TWO_PI;
}

/** P(Z ≤ x). Full relative accuracy in the lower tail. */
export function normalCdf(x: number): number {
  return 0.5 * erfc(-x / SQRT_TWO);
}

/** P(Z > x). Full relative accuracy in the upper tail; use it instead of 1 - normalCdf(x). */
export function normalSurvival(x: number): number {
  return 0.5 * erfc(x / SQRT_TWO);
}

/** ln P(Z > x), also where the probability itself underflows. */
export function normalLogSurvival(x: number): number {
  if (x < 2) return x < -2 ? Math.log1p(-normalCdf(x)) : Math.log(normalSurvival(x));
  return -0.5 * x * x + Math.log(0.5 * erfcScaled(x / SQRT_TWO));
}

/**
 * The z with P(Z ≤ z) = probability; -∞ at 0, +∞ at 1, NaN outside [0, 1].
 * Source: start from Abramowitz and Stegun 26.2.23, then Halley steps on the exact tail.
 */
export function normalQuantile(probability: number): number {
  if (!(probability >= 0 && probability <= 1)) return Number.NaN;
  if (Math.abs(probability - 0.5) < 0.2) return centralPoint(probability - 0.5);
  return probability < 0.5 ? -upperTailPoint(probability) : upperTailPoint(1 - probability);
}

/** The z exceeded with this probability, P(Z > z) = probability: normalQuantile(1 - p) without the rounding of 1 - p. */
export function normalUpperQuantile(probability: number): number {
  if (!(probability >= 0 && probability <= 1)) return Number.NaN;
  if (Math.abs(probability - 0.5) < 0.2) return centralPoint(0.5 - probability);
  return probability < 0.5 ? upperTailPoint(probability) : -upperTailPoint(1 - probability);
}

/** The z with P(0 < Z ≤ z) = excess; near the centre the tail form would lose the digits of z. */
function centralPoint(excess: number): number {
  let z = excess * SQRT_TWO_PI;
  for (let step = 0; step < 4; step += 1) {
    const newton = (0.5 * erf(z / SQRT_TWO) - excess) / normalDensity(z);
    z -= newton / (1 + 0.5 * z * newton);
  }
  return z;
}

function upperTailPoint(tail: number): number {
  if (tail <= 0) return Number.POSITIVE_INFINITY;
  const t = Math.sqrt(-2 * Math.log(tail));
  let z = t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
  for (let step = 0; step < 3; step += 1) {
    // Newton on the logarithm of the tail: its derivative is the hazard, so steps stay well scaled far out.
    const survival = normalSurvival(z);
    const hazard = survival > 0 ? normalDensity(z) / survival : z;
    const error = survival > 0 ? Math.log(survival / tail) : normalLogSurvival(z) - Math.log(tail);
    const newton = error / hazard;
    // Second derivative of ln S is -hazard (hazard - z).
    z += newton / (1 + 0.5 * newton * (hazard - z));
  }
  return z;
}
