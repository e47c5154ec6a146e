import {
  checkAllFinite,
  checkCount,
  checkFinite,
  checkNonNegative,
  checkSameLength,
  firstFailure,
} from './internal/check.ts';
import { type Failure, failure, type Result } from './result.ts';

/** What a test of means needs of one arm. `variance` is the unbiased sample variance (divisor n − 1). */
export interface MeanSummary {
  readonly count: number;
  readonly mean: number;
  readonly variance: number;
}

/**
 * What a ratio or a covariate-adjusted mean needs of one arm, per unit of randomisation. For a ratio the first variable
 * is the numerator and the second the denominator; for an adjusted mean, outcome and covariate.
 */
export interface PairSummary {
  readonly count: number;
  readonly meanFirst: number;
  readonly meanSecond: number;
  readonly varianceFirst: number;
  readonly varianceSecond: number;
  readonly covariance: number;
}

/** Additive sums, as a database query returns them. */
export interface MeanSums {
  readonly count: number;
  readonly sum: number;
  readonly sumOfSquares: number;
}

export interface PairSums {
  readonly count: number;
  readonly sumFirst: number;
  readonly sumSecond: number;
  readonly sumOfSquaresFirst: number;
  readonly sumOfSquaresSecond: number;
  readonly sumOfProducts: number;
}

/**
 * What are the count, the mean and the variance of raw values, and how many entries were missing?
 *
 * Formula: one pass of mean += (x − mean)/n and Σ(x − mean)² updated with it; variance with n − 1. `null` and
 * `undefined` are missing and left out; NaN or an infinity is an error of whoever produced it and fails. No assumption
 * on the distribution. Domain: at least two values whose squares are finite. Fails on no values (`empty`), only missing
 * values (`all-missing`), a single value (`too-few-rows`: no variance) and `not-finite` ones.
 * Source: Welford, Technometrics 4 (1962).
 */
export function summariseValues(
  values: readonly (number | null | undefined)[],
): Result<MeanSummary & { readonly missing: number }> {
  if (values.length === 0) return failure('empty', 'at least two values');
  let count = 0;
  let mean = 0;
  let squares = 0;
  for (const value of values) {
    if (value === null || value === undefined) continue;
    if (!Number.isFinite(value)) return failure('not-finite', 'every value must be a finite number, null or undefined');
    count += 1;
    const step = value - mean;
    mean += step / count;
    squares += step * (value - mean);
  }
  if (count === 0) return failure('all-missing', 'at least two values that are not missing');
  if (count === 1) return failure('too-few-rows', 'at least two values that are not missing; there is 1');
  if (!Number.isFinite(squares))
    return failure('not-finite', 'values whose squares are representable as finite numbers');
  return { ok: true, count, mean, variance: squares / (count - 1), missing: values.length - count };
}

/**
 * What does {@link summariseValues} give, when only additive sums are at hand (as a database query returns them)?
 *
 * Formula: mean Σx/n, variance (Σx² − (Σx)²/n)/(n − 1), which loses digits when the mean is large against the spread;
 * prefer {@link summariseValues} or centred sums then. A variance negative by rounding becomes 0.
 * Assumes the three sums are of the same rows. Domain: whole count of at least 2, finite sum, sum of squares ≥ 0. Fails
 * as `empty`, `too-few-rows`, `not-finite` or `invalid-argument` outside it.
 * Source: definition of the sample variance.
 */
export function summariseSums(sums: MeanSums): Result<MeanSummary> {
  const problem = firstFailure(
    checkCount('count', sums.count, 2),
    checkFinite('sum', sums.sum),
    checkNonNegative('sumOfSquares', sums.sumOfSquares),
  );
  if (problem) return problem;
  const mean = sums.sum / sums.count;
  const variance = Math.max(0, (sums.sumOfSquares - sums.sum * mean) / (sums.count - 1));
  return { ok: true, count: sums.count, mean, variance };
}

/**
 * What are the means, variances and covariance of two variables measured on the same units?
 *
 * Formula: as {@link summariseValues}, with Σ(x − mean_x)(y − mean_y) kept the same way; divided by n − 1.
 * Assumes entry i of both arrays is the same unit. Domain: arrays of equal length, every value finite, at least two.
 * Fails as `empty`, `too-few-rows`, `not-finite` or `length-mismatch` outside it; leave missing pairs out before.
 * Source: Welford, Technometrics 4 (1962), with products.
 */
export function summarisePairs(first: readonly number[], second: readonly number[]): Result<PairSummary> {
  const problem = firstFailure(
    checkAllFinite('first', first),
    checkAllFinite('second', second),
    checkSameLength('second', second.length, first.length),
    checkCount('the number of pairs', first.length, 2),
  );
  if (problem) return problem;
  let meanFirst = 0;
  let meanSecond = 0;
  let squaresFirst = 0;
  let squaresSecond = 0;
  let products = 0;
  for (let index = 0; index < first.length; index += 1) {
    const x = first[index] as number;
    const y = second[index] as number;
    const stepFirst = x - meanFirst;
    const stepSecond = y - meanSecond;
    meanFirst += stepFirst / (index + 1);
    meanSecond += stepSecond / (index + 1);
    squaresFirst += stepFirst * (x - meanFirst);
    squaresSecond += stepSecond * (y - meanSecond);
    products += stepFirst * (y - meanSecond);
  }
  const divisor = first.length - 1;
  return {
    ok: true,
    count: first.length,
    meanFirst,
    meanSecond,
    varianceFirst: squaresFirst / divisor,
    varianceSecond: squaresSecond / divisor,
    covariance: products / divisor,
  };
}

/**
 * What does {@link summarisePairs} give, when only additive sums are at hand?
 *
 * Formula: as {@link summariseSums}, covariance (Σxy − ΣxΣy/n)/(n − 1); the warning about digits there holds here.
 * Assumes all sums are of the same rows. Domain: whole count of at least 2, finite sums, sums of squares ≥ 0; failures
 * as there. Source: definition of the sample covariance.
 */
export function summarisePairSums(sums: PairSums): Result<PairSummary> {
  const problem = firstFailure(
    checkCount('count', sums.count, 2),
    checkFinite('sumFirst', sums.sumFirst),
    checkFinite('sumSecond', sums.sumSecond),
    checkNonNegative('sumOfSquaresFirst', sums.sumOfSquaresFirst),
    checkNonNegative('sumOfSquaresSecond', sums.sumOfSquaresSecond),
    checkFinite('sumOfProducts', sums.sumOfProducts),
  );
  if (problem) return problem;
  const { count, sumFirst, sumSecond } = sums;
  return {
    ok: true,
    count,
    meanFirst: sumFirst / count,
    meanSecond: sumSecond / count,
    varianceFirst: Math.max(0, (sums.sumOfSquaresFirst - (sumFirst * sumFirst) / count) / (count - 1)),
    varianceSecond: Math.max(0, (sums.sumOfSquaresSecond - (sumSecond * sumSecond) / count) / (count - 1)),
    covariance: (sums.sumOfProducts - (sumFirst * sumSecond) / count) / (count - 1),
  };
}

/**
 * What is the summary of two disjoint sets of rows, from their summaries?
 *
 * Formula: Σ(x − mean)² of the whole = that of a + that of b + (mean_b − mean_a)² n_a n_b/(n_a + n_b). Commutative to
 * the bit, associative up to rounding.
 * Assumes no row is in both sets. Domain: counts of at least 2, finite means, variances ≥ 0. Fails as `empty`,
 * `too-few-rows`, `not-finite` or `invalid-argument` outside it, naming the summary.
 * Source: Chan, Golub and LeVeque 1979.
 */
export function mergeSummaries(a: MeanSummary, b: MeanSummary): Result<MeanSummary> {
  const problem = checkMeanSummary('a', a) ?? checkMeanSummary('b', b);
  if (problem) return problem;
  const count = a.count + b.count;
  const step = b.mean - a.mean;
  // Grouped so that swapping a and b changes no bit.
  const between = (step * step * (a.count * b.count)) / count;
  const squares = a.variance * (a.count - 1) + b.variance * (b.count - 1) + between;
  return { ok: true, count, mean: (a.mean * a.count + b.mean * b.count) / count, variance: squares / (count - 1) };
}

/**
 * What is the summary of two disjoint sets of pairs, from their summaries?
 *
 * Formula: {@link mergeSummaries} for both variables, and for the covariance with the product of the two differences of
 * means in place of the square.
 * Assumptions, domain, failures and source as there.
 */
export function mergePairSummaries(a: PairSummary, b: PairSummary): Result<PairSummary> {
  const problem = checkPairSummary('a', a) ?? checkPairSummary('b', b);
  if (problem) return problem;
  const count = a.count + b.count;
  const weight = (a.count * b.count) / count;
  const stepFirst = b.meanFirst - a.meanFirst;
  const stepSecond = b.meanSecond - a.meanSecond;
  const pool = (inA: number, inB: number, product: number) =>
    (inA * (a.count - 1) + inB * (b.count - 1) + weight * product) / (count - 1);
  return {
    ok: true,
    count,
    meanFirst: (a.meanFirst * a.count + b.meanFirst * b.count) / count,
    meanSecond: (a.meanSecond * a.count + b.meanSecond * b.count) / count,
    varianceFirst: pool(a.varianceFirst, b.varianceFirst, stepFirst * stepFirst),
    varianceSecond: pool(a.varianceSecond, b.varianceSecond, stepSecond * stepSecond),
    covariance: pool(a.covariance, b.covariance, stepFirst * stepSecond),
  };
}

export function checkMeanSummary(name: string, summary: MeanSummary): Failure | undefined {
  return firstFailure(
    checkCount(`${name}.count`, summary.count, 2),
    checkFinite(`${name}.mean`, summary.mean),
    checkNonNegative(`${name}.variance`, summary.variance),
  );
}

export function checkPairSummary(name: string, summary: PairSummary): Failure | undefined {
  return firstFailure(
    checkCount(`${name}.count`, summary.count, 2),
    checkFinite(`${name}.meanFirst`, summary.meanFirst),
    checkFinite(`${name}.meanSecond`, summary.meanSecond),
    checkNonNegative(`${name}.varianceFirst`, summary.varianceFirst),
    checkNonNegative(`${name}.varianceSecond`, summary.varianceSecond),
    checkFinite(`${name}.covariance`, summary.covariance),
  );
}
