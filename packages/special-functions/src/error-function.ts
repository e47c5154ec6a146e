// Error function and its complement.
// Method: the all-positive series of erf for small arguments (no cancellation) and the continued
// fraction of erfc for large ones. Source: NIST DLMF 7.6.2 and 7.9.1.

const SQRT_PI = 1.772453850905516;

/** Above this the continued fraction needs few terms; below it 1 - erf loses at most 2 digits. */
const CONTINUED_FRACTION_FROM = 1.75;

/** exp(-x²) with the rounding error of x² given back, so that far tails keep their digits. */
function expMinusSquare(x: number): number {
  const high = Math.fround(x);
  return Math.exp(-high * high) * Math.exp(-(x - high) * (x + high));
}

function erfSeries(x: number): number {
  const twoSquare = 2 * x * x;
  let term = 1;
  let sum = 1;
  for (let n = 1; term > sum * 1e-17; n += 1) {
    term *= twoSquare / (2 * n + 1);
    sum += term;
  }
  return ((2 * x) / SQRT_PI) * expMinusSquare(x) * sum;
}

/** exp(x²)·erfc(x) for x ≥ 1.75. */
function scaledContinuedFraction(x: number): number {
  const depth = 12 + Math.ceil(190 / (x * x));
  let tail = 0;
  for (let k = depth; k >= 1; k -= 1) tail = k / 2 / (x + tail);
  return 1 / (SQRT_PI * (x + tail));
}

/** erf(x) = 2/√π ∫₀ˣ exp(-t²) dt, for any real x; NaN for NaN. */
export function erf(x: number): number {
  if (Number.isNaN(x)) return Number.NaN;
  if (Math.abs(x) < CONTINUED_FRACTION_FROM) return erfSeries(x);
  return x > 0 ? 1 - erfc(x) : erfc(-x) - 1;
}

/** erfc(x) = 1 - erf(x), to full relative accuracy in the upper tail (underflows to 0 near x = 26.6). */
export function erfc(x: number): number {
  if (Number.isNaN(x)) return Number.NaN;
  if (x < -CONTINUED_FRACTION_FROM) return 2 - erfc(-x);
  if (x < CONTINUED_FRACTION_FROM) return 1 - erfSeries(x);
  if (x > 27.3) return 0;
  return expMinusSquare(x) * scaledContinuedFraction(x);
}

/** exp(x²)·erfc(x): stays finite where erfc underflows. Defined for x ≥ -26. */
export function erfcScaled(x: number): number {
  if (Number.isNaN(x)) return Number.NaN;
  if (x === Number.POSITIVE_INFINITY) return 0;
  return x < CONTINUED_FRACTION_FROM ? erfc(x) / expMinusSquare(x) : scaledContinuedFraction(x);
}
