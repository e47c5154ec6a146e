// Binomial, Poisson and hypergeometric distributions. Probabilities in Loader's saddle-point form (2000).
import { betaKernel, regularizedBeta } from './incomplete-beta.ts';
import { poissonKernel, regularizedGammaLower, regularizedGammaUpper } from './incomplete-gamma.ts';
import { normalQuantile } from './normal-distribution.ts';

/** P(X = k) for k successes of n trials. NaN unless n is a whole number ≥ 0 and 0 ≤ probability ≤ 1. */
export function binomialProbability(k: number, n: number, probability: number): number {
  if (!isBinomial(n, probability) || Number.isNaN(k)) return Number.NaN;
  if (!Number.isInteger(k) || k < 0 || k > n) return 0;
  if (k === 0) return probability === 1 ? Number(n === 0) : Math.exp(n * Math.log1p(-probability));
  if (k === n) return probability ** n;
  const complement = 1 - probability;
  if (probability === 0 || complement === 0) return 0;
  return (betaKernel(k, n - k, probability, complement) * n) / (k * (n - k));
}

/** P(X ≤ k) for the binomial distribution. */
export function binomialCdf(k: number, n: number, probability: number): number {
  if (!isBinomial(n, probability) || Number.isNaN(k)) return Number.NaN;
  const whole = Math.floor(k);
  if (whole < 0) return 0;
  if (whole >= n) return 1;
  return regularizedBeta(n - whole, whole + 1, 1 - probability, probability);
}

/** P(X > k) for the binomial distribution. */
export function binomialSurvival(k: number, n: number, probability: number): number {
  if (!isBinomial(n, probability) || Number.isNaN(k)) return Number.NaN;
  const whole = Math.floor(k);
  if (whole < 0) return 1;
  if (whole >= n) return 0;
  return regularizedBeta(whole + 1, n - whole, probability);
}

/** The smallest k with P(X ≤ k) ≥ level. */
export function binomialQuantile(level: number, n: number, probability: number): number {
  if (!isBinomial(n, probability) || !(level >= 0 && level <= 1)) return Number.NaN;
  if (level === 1) return probability === 0 ? 0 : n;
  const start = n * probability + normalQuantile(level) * Math.sqrt(n * probability * (1 - probability));
  return smallestReaching((k) => binomialCdf(k, n, probability) >= level, start, n);
}

/** P(X = k) for the Poisson distribution with `mean` ≥ 0. */
export function poissonProbability(k: number, mean: number): number {
  if (!(mean >= 0) || Number.isNaN(k)) return Number.NaN;
  if (!Number.isInteger(k) || k < 0) return 0;
  if (k === 0) return Math.exp(-mean);
  return poissonKernel(k, mean);
}

/** P(X ≤ k) for the Poisson distribution. */
export function poissonCdf(k: number, mean: number): number {
  if (!(mean >= 0) || Number.isNaN(k)) return Number.NaN;
  return k < 0 ? 0 : regularizedGammaUpper(Math.floor(k) + 1, mean);
}

/** P(X > k) for the Poisson distribution. */
export function poissonSurvival(k: number, mean: number): number {
  if (!(mean >= 0) || Number.isNaN(k)) return Number.NaN;
  return k < 0 ? 1 : regularizedGammaLower(Math.floor(k) + 1, mean);
}

/** The smallest k with P(X ≤ k) ≥ level. */
export function poissonQuantile(level: number, mean: number): number {
  if (!(mean >= 0 && level >= 0 && level <= 1)) return Number.NaN;
  if (level === 1) return mean === 0 ? 0 : Number.POSITIVE_INFINITY;
  const start = mean + normalQuantile(level) * Math.sqrt(mean);
  return smallestReaching((k) => poissonCdf(k, mean) >= level, start, Number.POSITIVE_INFINITY);
}

/**
 * P(X = k): k marked items in a sample of `draws` from `total` items of which `marked` are marked.
 */
export function hypergeometricProbability(k: number, total: number, marked: number, draws: number): number {
  if (!(total >= 0 && marked >= 0 && marked <= total && draws >= 0 && draws <= total)) return Number.NaN;
  if (!Number.isInteger(k) || k < Math.max(0, draws - (total - marked)) || k > Math.min(draws, marked)) return 0;
  if (draws === 0 || draws === total) return 1;
  const share = draws / total;
  return (
    (binomialProbability(k, marked, share) * binomialProbability(draws - k, total - marked, share)) /
    binomialProbability(draws, total, share)
  );
}

function isBinomial(n: number, probability: number): boolean {
  return Number.isInteger(n) && n >= 0 && probability >= 0 && probability <= 1;
}

/** Doubles outwards from a guess until the answer is bracketed, then bisects over whole numbers. */
function smallestReaching(reaches: (k: number) => boolean, guess: number, highest: number): number {
  let high = Math.min(Math.max(0, Math.ceil(Number.isFinite(guess) ? guess : 0)), highest);
  let stride = 1;
  while (!reaches(high) && high < highest) {
    high = Math.min(high + stride, highest);
    stride *= 2;
  }
  let low = high;
  stride = 1;
  while (low >= 0 && reaches(low)) {
    high = low;
    low -= stride;
    stride *= 2;
  }
  low = Math.max(low, -1);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (reaches(middle)) high = middle;
    else low = middle;
  }
  return high;
}
