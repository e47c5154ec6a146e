// Regularised incomplete gamma functions P(a, x) and Q(a, x) = 1 - P(a, x), and the inverse.
// Series and continued fraction of DLMF 8.11.4 and 8.9.2, with the common factor computed in
// Loader's saddle-point form so that large a keeps its digits.
import { solveLogProbability } from './invert.ts';
import { deviancePart, logGamma, stirlingError } from './log-gamma.ts';

const EPSILON = 1e-17;
const MAXIMUM_TERMS = 2_000_000;

/** xᵃ e⁻ˣ / Γ(a+1): the Poisson probability of a at mean x, for real a > 0. */
export function poissonKernel(a: number, x: number): number {
  if (x === 0) return 0;
  if (x === Number.POSITIVE_INFINITY) return 0;
  if (a < 1e-3) return Math.exp(a * Math.log(x) - x - logGamma(a + 1));
  return Math.exp(-stirlingError(a) - deviancePart(a, x)) / Math.sqrt(2 * Math.PI * a);
}

function lowerBySeries(a: number, x: number): number {
  let term = 1;
  let sum = 1;
  for (let n = 1; n < MAXIMUM_TERMS && term > sum * EPSILON; n += 1) {
    term *= x / (a + n);
    sum += term;
  }
  return poissonKernel(a, x) * sum;
}

function upperByContinuedFraction(a: number, x: number): number {
  let b = x + 1 - a;
  let c = 1e300;
  let d = 1 / b;
  let product = d;
  for (let n = 1; n < MAXIMUM_TERMS; n += 1) {
    const factor = -n * (n - a);
    b += 2;
    d = 1 / (factor * d + b);
    c = b + factor / c;
    const change = c * d;
    product *= change;
    if (Math.abs(change - 1) < 1e-16) break;
  }
  return poissonKernel(a, x) * a * product;
}

/** Q(a, x) for x ≤ 1 and small a, where 1 - P would lose all its digits: 1 - xᵃ/Γ(1+a) (1 + a Σ (-x)ᵏ/((a+k) k!)). */
function upperForSmallShape(a: number, x: number): number {
  const exponent = a * Math.log(x) - logGamma(a + 1);
  let term = 1;
  let sum = 0;
  for (let k = 1; k < 100; k += 1) {
    term *= -x / k;
    const next = sum + term / (a + k);
    if (next === sum) break;
    sum = next;
  }
  return -Math.expm1(exponent) - a * Math.exp(exponent) * sum;
}

/** P(a, x) = γ(a, x)/Γ(a) for a > 0, x ≥ 0; NaN outside. Small values keep full relative accuracy. */
export function regularizedGammaLower(a: number, x: number): number {
  if (!(a > 0 && x >= 0)) return Number.NaN;
  if (x === 0) return 0;
  if (x === Number.POSITIVE_INFINITY) return 1;
  return x < a + 1 ? lowerBySeries(a, x) : 1 - upperByContinuedFraction(a, x);
}

/** Q(a, x) = Γ(a, x)/Γ(a) for a > 0, x ≥ 0; NaN outside. Small values keep full relative accuracy. */
export function regularizedGammaUpper(a: number, x: number): number {
  if (!(a > 0 && x >= 0)) return Number.NaN;
  if (x === 0) return 1;
  if (x === Number.POSITIVE_INFINITY) return 0;
  if (x >= a + 1) return upperByContinuedFraction(a, x);
  return a < 0.3 && x <= 1.3 ? upperForSmallShape(a, x) : 1 - lowerBySeries(a, x);
}

/** The x with P(a, x) = probability (tail 'lower') or Q(a, x) = probability (tail 'upper'). */
export function inverseRegularizedGamma(a: number, probability: number, tail: 'lower' | 'upper' = 'lower'): number {
  if (!(a > 0 && probability >= 0 && probability <= 1)) return Number.NaN;
  if (probability === 0) return tail === 'lower' ? 0 : Number.POSITIVE_INFINITY;
  if (probability === 1) return tail === 'lower' ? Number.POSITIVE_INFINITY : 0;
  // Work on the smaller tail: there the logarithm of the probability is well conditioned.
  const solveLower = (tail === 'lower') === probability <= 0.5;
  const target = probability <= 0.5 ? probability : 1 - probability;
  const smallStart = (Math.log(target) + logGamma(a + 1)) / a;
  const start = solveLower ? Math.min(Math.log(a), smallStart) : Math.log(a + 1);
  return Math.exp(
    solveLogProbability({
      target,
      start,
      lowest: -745,
      highest: 709,
      rising: solveLower,
      probability: (logX) => {
        const x = Math.exp(logX);
        return solveLower ? regularizedGammaLower(a, x) : regularizedGammaUpper(a, x);
      },
      slope: (logX) => poissonKernel(a, Math.exp(logX)) * a,
    }),
  );
}
