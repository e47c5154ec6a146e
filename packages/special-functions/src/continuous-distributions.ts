// Chi-square, gamma, beta, Student t and F distributions on top of the incomplete gamma and beta functions.
// "Survival" is P(X > x) to full relative accuracy; "UpperQuantile" is the point exceeded with the given probability.
// Outside a function's domain the answer is NaN.
import {
  betaKernel,
  incompleteBeta,
  inverseBetaLogOdds,
  inverseRegularizedBeta,
  regularizedBeta,
} from './incomplete-beta.ts';
import { inverseRegularizedGamma, regularizedGammaLower, regularizedGammaUpper } from './incomplete-gamma.ts';

/** P(X ≤ x) for chi-square with `degreesOfFreedom` > 0 (may be fractional). */
export function chiSquareCdf(x: number, degreesOfFreedom: number): number {
  return x <= 0 && degreesOfFreedom > 0 ? 0 : regularizedGammaLower(degreesOfFreedom / 2, x / 2);
}

/** P(X > x) for chi-square. */
export function chiSquareSurvival(x: number, degreesOfFreedom: number): number {
  return x <= 0 && degreesOfFreedom > 0 ? 1 : regularizedGammaUpper(degreesOfFreedom / 2, x / 2);
}

/** The x with P(X ≤ x) = probability for chi-square. */
export function chiSquareQuantile(probability: number, degreesOfFreedom: number): number {
  return 2 * inverseRegularizedGamma(degreesOfFreedom / 2, probability, 'lower');
}

/** The x with P(X > x) = probability for chi-square. */
export function chiSquareUpperQuantile(probability: number, degreesOfFreedom: number): number {
  return 2 * inverseRegularizedGamma(degreesOfFreedom / 2, probability, 'upper');
}

/** P(X ≤ x) for the gamma distribution with `shape` > 0 and `scale` > 0. */
export function gammaCdf(x: number, shape: number, scale = 1): number {
  return x <= 0 && shape > 0 ? 0 : regularizedGammaLower(shape, x / scale);
}

/** P(X > x) for the gamma distribution. */
export function gammaSurvival(x: number, shape: number, scale = 1): number {
  return x <= 0 && shape > 0 ? 1 : regularizedGammaUpper(shape, x / scale);
}

/** The x with P(X ≤ x) = probability for the gamma distribution. */
export function gammaQuantile(probability: number, shape: number, scale = 1): number {
  return scale * inverseRegularizedGamma(shape, probability, 'lower');
}

/** P(X ≤ x) for the beta distribution with a, b > 0. */
export function betaCdf(x: number, a: number, b: number): number {
  return regularizedBeta(a, b, Math.min(Math.max(x, 0), 1));
}

/** P(X > x) for the beta distribution. */
export function betaSurvival(x: number, a: number, b: number): number {
  const clamped = Math.min(Math.max(x, 0), 1);
  return regularizedBeta(b, a, 1 - clamped, clamped);
}

/** Density of the beta distribution at x in (0, 1). */
export function betaDensity(x: number, a: number, b: number): number {
  if (!(a > 0 && b > 0)) return Number.NaN;
  return x > 0 && x < 1 ? betaKernel(a, b, x, 1 - x) / (x * (1 - x)) : 0;
}

/** The x with P(X ≤ x) = probability for the beta distribution. */
export function betaQuantile(probability: number, a: number, b: number): number {
  return inverseRegularizedBeta(a, b, probability, 'lower');
}

/** The x with P(X > x) = probability for the beta distribution. */
export function betaUpperQuantile(probability: number, a: number, b: number): number {
  return inverseRegularizedBeta(a, b, probability, 'upper');
}

/** P(T > t) for Student's t with `degreesOfFreedom` > 0. */
export function studentTSurvival(t: number, degreesOfFreedom: number): number {
  if (!(degreesOfFreedom > 0) || Number.isNaN(t)) return Number.NaN;
  if (t < 0) return 1 - studentTSurvival(-t, degreesOfFreedom);
  if (t === Number.POSITIVE_INFINITY) return 0;
  // Dividing first keeps t² from overflowing.
  const ratio = (t / degreesOfFreedom) * t;
  return 0.5 * incompleteBeta(degreesOfFreedom / 2, 0.5, 1 / (1 + ratio), ratio / (1 + ratio));
}

/** P(T ≤ t) for Student's t. */
export function studentTCdf(t: number, degreesOfFreedom: number): number {
  return studentTSurvival(-t, degreesOfFreedom);
}

/** The t with P(T > t) = probability for Student's t. */
export function studentTUpperQuantile(probability: number, degreesOfFreedom: number): number {
  if (!(degreesOfFreedom > 0 && probability >= 0 && probability <= 1)) return Number.NaN;
  if (probability > 0.5) return -studentTUpperQuantile(1 - probability, degreesOfFreedom);
  if (probability === 0.5) return 0;
  // Near the centre the tail is flat, so solve for the central probability there instead.
  const logOdds =
    probability > 0.25
      ? -inverseBetaLogOdds(0.5, degreesOfFreedom / 2, 1 - 2 * probability, 'lower')
      : inverseBetaLogOdds(degreesOfFreedom / 2, 0.5, 2 * probability, 'lower');
  return Math.sqrt(degreesOfFreedom) * Math.exp(-logOdds / 2);
}

/** The t with P(T ≤ t) = probability for Student's t. */
export function studentTQuantile(probability: number, degreesOfFreedom: number): number {
  const point = studentTUpperQuantile(probability, degreesOfFreedom);
  return point === 0 ? 0 : -point;
}

/** P(X ≤ x) for Fisher's F with the two degrees of freedom. */
export function fisherFCdf(x: number, numeratorDegrees: number, denominatorDegrees: number): number {
  if (!(numeratorDegrees > 0 && denominatorDegrees > 0) || Number.isNaN(x)) return Number.NaN;
  if (x <= 0) return 0;
  if (x === Number.POSITIVE_INFINITY) return 1;
  const ratio = (numeratorDegrees / denominatorDegrees) * x;
  return incompleteBeta(numeratorDegrees / 2, denominatorDegrees / 2, ratio / (1 + ratio), 1 / (1 + ratio));
}

/** P(X > x) for Fisher's F. */
export function fisherFSurvival(x: number, numeratorDegrees: number, denominatorDegrees: number): number {
  if (!(numeratorDegrees > 0 && denominatorDegrees > 0) || Number.isNaN(x)) return Number.NaN;
  if (x <= 0) return 1;
  if (x === Number.POSITIVE_INFINITY) return 0;
  const ratio = (numeratorDegrees / denominatorDegrees) * x;
  return incompleteBeta(denominatorDegrees / 2, numeratorDegrees / 2, 1 / (1 + ratio), ratio / (1 + ratio));
}

/** The x with P(X ≤ x) = probability for Fisher's F. */
export function fisherFQuantile(probability: number, numeratorDegrees: number, denominatorDegrees: number): number {
  const logOdds = inverseBetaLogOdds(numeratorDegrees / 2, denominatorDegrees / 2, probability, 'lower');
  return (denominatorDegrees / numeratorDegrees) * Math.exp(logOdds);
}

/** The x with P(X > x) = probability for Fisher's F. */
export function fisherFUpperQuantile(
  probability: number,
  numeratorDegrees: number,
  denominatorDegrees: number,
): number {
  const logOdds = inverseBetaLogOdds(numeratorDegrees / 2, denominatorDegrees / 2, probability, 'upper');
  return (denominatorDegrees / numeratorDegrees) * Math.exp(logOdds);
}
