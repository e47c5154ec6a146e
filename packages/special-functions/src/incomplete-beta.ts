// Regularised incomplete beta function I_x(a, b) and its inverse.
// Continued fraction (the even part of DLMF 8.17.22) by Lentz's method; the common factor is a binomial
// probability in Loader's saddle-point form, accurate for large parameters.
import { solveLogProbability } from './invert.ts';
import { deviancePart, logBeta, stirlingError } from './log-gamma.ts';

const MAXIMUM_TERMS = 2_000_000;

/**
 * xᵃ yᵇ / B(a, b) for a, b > 0 and y = 1 - x given apart, so that neither tail is rounded away.
 */
export function betaKernel(a: number, b: number, x: number, y: number): number {
  if (x <= 0 || y <= 0) return 0;
  if (Math.min(a, b) < 1e-3) return Math.exp(a * Math.log(x) + b * Math.log(y) - logBeta(a, b));
  const n = a + b;
  const exponent =
    stirlingError(n) - stirlingError(a) - stirlingError(b) - deviancePart(a, n * x) - deviancePart(b, n * y);
  return Math.exp(exponent) * Math.sqrt((a * b) / (2 * Math.PI * n));
}

/**
 * The fraction with I_x(a, b) = xᵃ yᵇ / B(a, b) · fraction, for x below the mean. Written with both x and y
 * (DiDonato and Morris 1992), so that nothing cancels when x is within rounding of 1.
 */
function continuedFraction(a: number, b: number, x: number, y: number): number {
  const lead = a * y - b * x + 1;
  let c = (a * lead) / (a + 1);
  let d = 0;
  let denominator = c;
  for (let n = 1; n < MAXIMUM_TERMS; n += 1) {
    const shifted = a + 2 * n - 1;
    const numerator = ((a + n - 1) * (a + b + n - 1) * n * (b - n) * x * x) / (shifted * shifted);
    const partial = n + (n * (b - n) * x) / shifted + ((a + n) * (lead + n * (1 + y))) / (shifted + 2);
    d = 1 / (partial + numerator * d);
    c = partial + numerator / c;
    const change = c * d;
    denominator *= change;
    if (Math.abs(change - 1) < 2e-16) break;
  }
  return 1 / denominator;
}

/**
 * I_x(a, b) with the complement y = 1 - x given apart. Internal form: the public functions and the
 * t and F distributions call it with whichever of x, y they know exactly.
 */
export function incompleteBeta(a: number, b: number, x: number, y: number): number {
  if (x <= 0) return 0;
  if (y <= 0) return 1;
  if (x <= (a + 1) / (a + b + 2)) return betaKernel(a, b, x, y) * continuedFraction(a, b, x, y);
  return 1 - betaKernel(a, b, x, y) * continuedFraction(b, a, y, x);
}

/** I_x(a, b) for a, b > 0 and 0 ≤ x ≤ 1; NaN outside. `complement` = 1 - x when it is known more exactly than x gives it. */
export function regularizedBeta(a: number, b: number, x: number, complement = 1 - x): number {
  if (!(a > 0 && b > 0 && x >= 0 && x <= 1)) return Number.NaN;
  return incompleteBeta(a, b, x, complement);
}

/**
 * ln(x / (1-x)) of the x with I_x(a, b) = probability (tail 'lower') or 1 - I_x(a, b) = probability ('upper').
 * The log-odds keep both x and 1 - x to full relative accuracy.
 */
export function inverseBetaLogOdds(a: number, b: number, probability: number, tail: 'lower' | 'upper'): number {
  if (!(a > 0 && b > 0 && probability >= 0 && probability <= 1)) return Number.NaN;
  const atZero = tail === 'lower' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (probability === 0) return atZero;
  if (probability === 1) return -atZero;
  const solveLower = (tail === 'lower') === probability <= 0.5;
  const target = probability <= 0.5 ? probability : 1 - probability;
  const toX = (u: number): number => 1 / (1 + Math.exp(-u));
  return solveLogProbability({
    target,
    start: Math.log(a / b),
    lowest: -745,
    highest: 745,
    rising: solveLower,
    probability: (u) => (solveLower ? incompleteBeta(a, b, toX(u), toX(-u)) : incompleteBeta(b, a, toX(-u), toX(u))),
    slope: (u) => betaKernel(a, b, toX(u), toX(-u)),
  });
}

/** The x with I_x(a, b) = probability (tail 'lower'), or 1 - I_x(a, b) = probability (tail 'upper'). */
export function inverseRegularizedBeta(
  a: number,
  b: number,
  probability: number,
  tail: 'lower' | 'upper' = 'lower',
): number {
  return 1 / (1 + Math.exp(-inverseBetaLogOdds(a, b, probability, tail)));
}
