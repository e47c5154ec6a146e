import { betaQuantile, betaUpperQuantile, normalUpperQuantile } from '@switchyard/special-functions';
import { checkAllFinite, checkOpenUnit, checkRows, firstFailure } from './internal/check.ts';
import { centredSquares, ExactSum, outOfRange } from './internal/exact-sum.ts';
import { type Failure, failure, type Result } from './result.ts';

/** How an interval was made; shown beside it. */
export type IntervalMethod =
  | 'wilson'
  | 'clopper-pearson'
  | 'normal'
  | 'delta'
  | 'delong'
  | 'delong-logit'
  | 'disjoint-pairs'
  | 'logit'
  | 'bootstrap-percentile'
  | 'bootstrap-basic'
  | 'bootstrap-bca';

/** A figure with the interval that belongs to it. `count` is the number of rows (or weights' worth of rows) behind it. */
export interface Estimate {
  readonly value: number;
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
  readonly method: IntervalMethod;
}

export interface ConfidenceOptions {
  /** Long-run share of intervals that hold the truth; 0.95 unless given. */
  readonly confidence?: number;
}

/** The standard normal point that a two-sided interval of this confidence reaches. */
export function checkedPoint(options: ConfidenceOptions): Result<{ readonly point: number; readonly tail: number }> {
  const { confidence = 0.95 } = options;
  const problem = checkOpenUnit('confidence', confidence);
  if (problem) return problem;
  const tail = (1 - confidence) / 2;
  return { ok: true, point: normalUpperQuantile(tail), tail };
}

/**
 * What is a rate, and how sure is it?
 *
 * Formula: Wilson's score interval, the set of rates p whose z-test against successes/count does not reject, centre
 * (p̂ + z²/2n)/(1 + z²/n), half width z√(p̂(1−p̂)/n + z²/4n²)/(1 + z²/n); with `method: 'clopper-pearson'` the beta
 * quantiles that never cover less than stated.
 * Assumes independent rows. Domain: 0 ≤ successes ≤ count; `count` may be fractional (an effective number of weighted
 * rows). Fails on no rows (`empty`), on fewer than two, and on successes outside [0, count].
 * Source: Wilson, JASA 22 (1927); Clopper and Pearson, Biometrika 26 (1934); equals statsmodels `proportion_confint`.
 */
export function rateEstimate(
  successes: number,
  count: number,
  options: ConfidenceOptions & { readonly method?: 'wilson' | 'clopper-pearson' } = {},
): Result<Estimate> {
  const checked = checkedPoint(options);
  if (!checked.ok) return checked;
  const problem = firstFailure(checkCounts(successes, count), checkRows(count));
  if (problem) return problem;
  const rate = successes / count;
  if (options.method === 'clopper-pearson') return exactRate(successes, count, checked.tail);
  return { ok: true, ...wilson(rate, count, checked.point) };
}

export function wilson(rate: number, count: number, z: number): Estimate {
  const shrink = 1 + (z * z) / count;
  const centre = (rate + (z * z) / (2 * count)) / shrink;
  const half = (z * Math.sqrt((rate * (1 - rate)) / count + (z * z) / (4 * count * count))) / shrink;
  const lower = rate === 0 ? 0 : Math.max(0, centre - half);
  const upper = rate === 1 ? 1 : Math.min(1, centre + half);
  return { value: rate, lower, upper, count, method: 'wilson' };
}

/** Clopper–Pearson: never covers less than stated, at the price of width. Beta quantiles of the tail on each side. */
function exactRate(successes: number, count: number, tail: number): Result<Estimate> {
  const lower = successes === 0 ? 0 : betaQuantile(tail, successes, count - successes + 1);
  const upper = successes === count ? 1 : betaUpperQuantile(tail, successes + 1, count - successes);
  return { ok: true, value: successes / count, lower, upper, count, method: 'clopper-pearson' };
}

function checkCounts(successes: number, count: number): Failure | undefined {
  if (!Number.isFinite(successes) || !Number.isFinite(count)) {
    return failure('not-finite', 'successes and count must be finite numbers');
  }
  if (count < 0 || successes < 0 || successes > count) {
    return failure('invalid-argument', 'successes must lie between 0 and count');
  }
  return undefined;
}

/**
 * What is a mean, and how sure is it? For revenue per session, cost per request and the like.
 *
 * Formula: mean ± z·s/√n (s with n − 1). Assumes independent rows and enough of them for the mean to be near normal.
 * Domain: finite values. Fails on no row (`empty`), one row, a value that is not finite, and on constant values
 * (`constant`: their spread, and so the interval, is unknown).
 * Source: central limit theorem; any textbook.
 */
export function meanEstimate(values: ArrayLike<number>, options: ConfidenceOptions = {}): Result<Estimate> {
  const checked = checkedPoint(options);
  if (!checked.ok) return checked;
  const problem = firstFailure(checkAllFinite('values', values), checkRows(values.length));
  if (problem) return problem;
  const [ones, sums, squares] = [new ExactSum().add(values.length), new ExactSum(), new ExactSum()];
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index] as number;
    sums.add(value);
    squares.addProduct(value, value);
  }
  const estimate = meanFromSums(ones, sums, squares, values.length, checked.point);
  if (estimate.ok && estimate.lower === estimate.upper) {
    return failure('constant', 'at least two different values; a constant says nothing about the spread');
  }
  return estimate;
}

/**
 * Weighted mean Σwx/Σw with a normal interval from exact Σw, Σwx, Σwx². `count` is the number (or effective number) of
 * rows behind it. Shared by every tally.
 */
export function meanFromSums(
  weights: ExactSum,
  sums: ExactSum,
  squares: ExactSum,
  count: number,
  z: number,
): Result<Estimate> {
  // An effective number of rows may be a fraction; above 1 there is a spread to speak of.
  const few = checkRows(Math.ceil(count));
  if (few) return few;
  const spread = centredSquares(weights, sums, squares);
  const total = weights.value();
  const value = sums.value() / total;
  if (!spread.ok || !Number.isFinite(value)) return outOfRange();
  const half = z * Math.sqrt(spread.value / total / (count - 1));
  return { ok: true, value, lower: value - half, upper: value + half, count, method: 'normal' };
}

/** Maps value and ends through an increasing function. */
export function mapEstimate(estimate: Result<Estimate>, increasing: (x: number) => number): Result<Estimate> {
  if (!estimate.ok) return estimate;
  return {
    ...estimate,
    value: increasing(estimate.value),
    lower: increasing(estimate.lower),
    upper: increasing(estimate.upper),
  };
}

export function clampEstimate(estimate: Result<Estimate>, low: number, high: number): Result<Estimate> {
  if (!estimate.ok) return estimate;
  return { ...estimate, lower: Math.max(low, estimate.lower), upper: Math.min(high, estimate.upper) };
}
