// Logarithm of the gamma function and the pieces of it that other distributions need without cancellation.

/** ζ(k) - 1 for k = 2…; the Taylor coefficients of ln Γ around 2 (DLMF 5.7.3). */
const ZETA_MINUS_ONE = [
  0.6449340668482264, 0.2020569031595943, 0.08232323371113819, 0.03692775514336993, 0.01734306198444914,
  0.008349277381922827, 0.00407735619794434, 0.0020083928260822143, 0.0009945751278180853, 0.0004941886041194645,
  0.0002460865533080483, 0.00012271334757848915, 0.00006124813505870483, 0.00003058823630702049, 0.00001528225940865187,
  0.000007637197637899763, 0.00000381729326499984, 0.000001908212716553939, 9.539620338727962e-7, 4.769329867878064e-7,
  2.38450502727733e-7, 1.1921992596531106e-7, 5.960818905125948e-8, 2.980350351465228e-8, 1.490155482836504e-8,
  7.45071178983543e-9, 3.725334024788457e-9, 1.862659723513049e-9, 9.313274324196682e-10, 4.656629065033784e-10,
];

const LOG_SQRT_TWO_PI = 0.9189385332046728;
const EULER_MASCHERONI = 0.5772156649015329;

/** ln Γ(2 + w) for |w| ≤ 0.5, relatively accurate through its zero at w = 0. */
function logGammaNearTwo(w: number): number {
  let power = -w;
  let sum = 0;
  for (let index = 0; index < ZETA_MINUS_ONE.length; index += 1) {
    power *= -w;
    sum += (ZETA_MINUS_ONE[index]! * power) / (index + 2);
  }
  return w * (1 - EULER_MASCHERONI) + sum;
}

/** Coefficients B₂ₖ / (2k (2k-1)) of Stirling's series (DLMF 5.11.1). */
const STIRLING = [
  1 / 12,
  -1 / 360,
  1 / 1260,
  -1 / 1680,
  1 / 1188,
  -691 / 360360,
  1 / 156,
  -3617 / 122400,
  43867 / 244188,
];

function stirlingSeries(x: number): number {
  const inverseSquare = 1 / (x * x);
  let sum = 0;
  for (let index = STIRLING.length - 1; index >= 0; index -= 1) sum = sum * inverseSquare + STIRLING[index]!;
  return sum / x;
}

/** ln |Γ(x)| for real x; +∞ at 0, -1, -2, … */
export function logGamma(x: number): number {
  if (Number.isNaN(x)) return Number.NaN;
  if (x <= 0) {
    if (Number.isInteger(x) || x === Number.NEGATIVE_INFINITY) return Number.POSITIVE_INFINITY;
    return Math.log(Math.PI / Math.abs(Math.sin(Math.PI * x))) - logGamma(1 - x);
  }
  if (x === Number.POSITIVE_INFINITY) return x;
  if (x < 0.5) return logGamma(x + 1) - Math.log(x);
  if (x < 1.5) return logGammaNearTwo(x - 1) - Math.log1p(x - 1);
  if (x <= 2.5) return logGammaNearTwo(x - 2);
  if (x < 10) {
    let product = 1;
    let shifted = x;
    while (shifted > 2.5) {
      shifted -= 1;
      product *= shifted;
    }
    return Math.log(product) + logGammaNearTwo(shifted - 2);
  }
  return (x - 0.5) * Math.log(x) - x + LOG_SQRT_TWO_PI + stirlingSeries(x);
}

/** ln B(a, b) = ln Γ(a) + ln Γ(b) - ln Γ(a+b) for a, b > 0, without the cancellation of large arguments. */
export function logBeta(a: number, b: number): number {
  if (!(a > 0 && b > 0)) return Number.NaN;
  const small = Math.min(a, b);
  const large = Math.max(a, b);
  if (large < 10) return logGamma(small) + logGamma(large) - logGamma(small + large);
  const sum = small + large;
  const ratio = small / sum;
  if (small >= 10) {
    return (
      LOG_SQRT_TWO_PI -
      0.5 * Math.log(large) +
      (stirlingSeries(small) + stirlingSeries(large) - stirlingSeries(sum)) +
      (small - 0.5) * Math.log(ratio) +
      large * Math.log1p(-ratio)
    );
  }
  return (
    logGamma(small) +
    (stirlingSeries(large) - stirlingSeries(sum)) +
    small -
    small * Math.log(sum) +
    (large - 0.5) * Math.log1p(-ratio)
  );
}

/** ln of the binomial coefficient "n over k" for real 0 ≤ k ≤ n. */
export function logBinomialCoefficient(n: number, k: number): number {
  if (!(k >= 0 && k <= n)) return Number.NaN;
  if (k === 0 || k === n) return 0;
  return -Math.log(n + 1) - logBeta(n - k + 1, k + 1);
}

/** ln Γ(x+1) - Stirling's formula, for x > 0: the correction δ(x) of Loader (2000), used by the densities below. */
export function stirlingError(x: number): number {
  if (x >= 10) return stirlingSeries(x);
  return logGamma(x + 1) - (x + 0.5) * Math.log(x) + x - LOG_SQRT_TWO_PI;
}

/**
 * x ln(x/m) + m - x for x, m > 0 (half of the Poisson deviance), accurate also for x near m.
 * Source: C. Loader, "Fast and accurate computation of binomial probabilities" (2000).
 */
export function deviancePart(x: number, m: number): number {
  const difference = x - m;
  if (Math.abs(difference) < 0.1 * (x + m)) {
    const v = difference / (x + m);
    const square = v * v;
    let sum = difference * v;
    let power = 2 * x * v;
    for (let j = 1; j < 200; j += 1) {
      power *= square;
      const next = sum + power / (2 * j + 1);
      if (next === sum) break;
      sum = next;
    }
    return sum;
  }
  return x * Math.log(x / m) + m - x;
}
