import { normalUpperQuantile } from '@switchyard/special-functions';
import { checkOpenUnit, checkPositive, firstFailure } from './internal/check.ts';
import {
  checkLimits,
  checkRows,
  inspectSupport,
  type OffPolicyRows,
  type SupportLimits,
  type SupportReport,
} from './off-policy-support.ts';
import { type Failure, failure, type Result } from './result.ts';

export type OffPolicyEstimator =
  | 'ips'
  | 'snips'
  | 'dm'
  | 'dr'
  | 'sndr'
  | 'switch-dr'
  | 'dr-optimistic-shrinkage'
  | 'sub-gaussian-ips';

export interface OffPolicyOptions extends SupportLimits {
  readonly estimator: OffPolicyEstimator;
  /** Default 0.05. */
  readonly alpha?: number;
  /** Weight limit of `switch-dr`, shrinkage of `dr-optimistic-shrinkage` (both > 0), mixing of `sub-gaussian-ips` (in [0, 1]). */
  readonly lambda?: number;
}

export interface OffPolicyEstimate {
  readonly estimate: number;
  readonly standardError: number;
  readonly lower: number;
  readonly upper: number;
  readonly alpha: number;
  readonly estimator: OffPolicyEstimator;
  readonly support: SupportReport;
}

/** A refusal says what the log could not cover, so that the report can be shown instead of a number. */
export interface OffPolicyRefusal extends Failure {
  readonly support?: SupportReport;
}

/**
 * What would the average reward have been under another routing policy, from the log of the one that ran? Refuses when the
 * log cannot tell.
 *
 * Formulas, w = π_target(a|x)/π_logged(a|x) of the logged arm, q̂ a predicted reward, V̂_dm = mean Σ_a π_target q̂:
 * IPS mean(wr); SNIPS Σwr/Σw; DM mean Σπ_target q̂; DR mean[Σπ_target q̂ + w(r−q̂)]; SNDR with w/mean(w); Switch-DR keeps w
 * only if w ≤ λ; DRos λw/(w²+λ); sub-Gaussian IPS w/(1−λ+λw). Standard errors: sd of the terms/√n; SNIPS
 * √Σw²(r−V̂)²/Σw; SNDR likewise on its residuals. Normal interval.
 * Assumes logged propensities are exact, rows independent given the policy, rewards complete (or missing at random), and
 * q̂ fitted on other rows (`crossFitRewardModel`). DM and Switch-DR are biased by a wrong q̂; their interval ignores
 * that.
 * Domain: at least two rows, finite rewards, logged propensities in (0, 1], target ones in [0, 1]; `predictedValues`
 * for DM, with `predictedRewards` too for the doubly robust ones; limits that are numbers, shares in [0, 1]. Outside it
 * fails as `empty`, `too-few-rows`, `not-finite`, `length-mismatch` or `invalid-argument`.
 * Refuses (with the support report) when the target plays arms the log never could (`no-support`), the effective sample is
 * below 100 (`effective-sample-too-small`), one row carries over 5 % of the weight (`weight-concentrated`), or
 * the mean weight is not 1 within 3.29 standard errors (`wrong-propensities`: the logged propensities are wrong).
 * For continuous looking use `createOffPolicySequence`.
 * Sources: Horvitz and Thompson 1952; Swaminathan and Joachims, NIPS 2015; Dudík, Langford and Li, ICML 2011; Wang,
 * Agarwal and Dudík, ICML 2017; Su et al., ICML 2020; Metelli, Russo and Restelli, NeurIPS 2021. Equal to obp's estimators.
 */
export function evaluatePolicy(
  rows: OffPolicyRows,
  options: OffPolicyOptions,
): ({ readonly ok: true } & OffPolicyEstimate) | OffPolicyRefusal {
  const { estimator, alpha = 0.05, lambda = 1 } = options;
  const problem =
    checkRows(rows) ??
    checkLimits(options) ??
    checkOpenUnit('alpha', alpha) ??
    (estimator === 'sub-gaussian-ips'
      ? lambda >= 0 && lambda <= 1
        ? undefined
        : failure('invalid-argument', 'lambda in [0, 1]')
      : checkPositive('lambda', lambda));
  if (problem) return problem;
  const inspected = inspectSupport(rows, options);
  if (!inspected.ok) return inspected;
  const { report, refusal } = inspected;
  if (refusal) return { ...refusal, support: report };
  const value = estimateValue(rows, estimator, lambda);
  if (!value.ok) return { ...value, support: report };
  const half = normalUpperQuantile(alpha / 2) * value.standardError;
  return {
    ok: true,
    estimate: value.estimate,
    standardError: value.standardError,
    lower: value.estimate - half,
    upper: value.estimate + half,
    alpha,
    estimator,
    support: report,
  };
}

/** The estimate alone, without the support check; internal. */
export function estimateValue(
  rows: OffPolicyRows,
  estimator: OffPolicyEstimator,
  lambda: number,
): Result<{ readonly estimate: number; readonly standardError: number }> {
  const count = rows.rewards.length;
  const weight = (row: number) => (rows.targetPropensities[row] as number) / (rows.loggedPropensities[row] as number);
  const reward = (row: number) => rows.rewards[row] as number;
  const { predictedRewards, predictedValues } = rows;
  if (estimator === 'ips') return meanOf(count, (row) => weight(row) * reward(row));
  if (estimator === 'sub-gaussian-ips') {
    return meanOf(count, (row) => (weight(row) / (1 - lambda + lambda * weight(row))) * reward(row));
  }
  if (estimator === 'snips') {
    let total = 0;
    let weighted = 0;
    for (let row = 0; row < count; row += 1) {
      total += weight(row);
      weighted += weight(row) * reward(row);
    }
    const estimate = weighted / total;
    let squares = 0;
    for (let row = 0; row < count; row += 1) squares += (weight(row) * (reward(row) - estimate)) ** 2;
    return checkSpread(estimate, Math.sqrt(squares) / total);
  }
  if (!predictedValues) return failure('invalid-argument', 'predictedValues: Σ_a π_target(a|x)·q̂(x,a) of every row');
  const direct = (row: number) => predictedValues[row] as number;
  if (estimator === 'dm') return meanOf(count, direct);
  if (!predictedRewards) return failure('invalid-argument', 'predictedRewards: q̂ of the logged arm of every row');
  const residual = (row: number) => reward(row) - (predictedRewards[row] as number);
  switch (estimator) {
    case 'dr':
      return meanOf(count, (row) => direct(row) + weight(row) * residual(row));
    case 'switch-dr':
      return meanOf(count, (row) => direct(row) + (weight(row) <= lambda ? weight(row) * residual(row) : 0));
    case 'dr-optimistic-shrinkage':
      return meanOf(
        count,
        (row) => direct(row) + ((lambda * weight(row)) / (weight(row) ** 2 + lambda)) * residual(row),
      );
    case 'sndr':
      return selfNormalisedDoublyRobust(count, weight, residual, direct);
    default:
      return failure('invalid-argument', 'a known estimator');
  }
}

function selfNormalisedDoublyRobust(
  count: number,
  weight: (row: number) => number,
  residual: (row: number) => number,
  direct: (row: number) => number,
): Result<{ readonly estimate: number; readonly standardError: number }> {
  let meanWeight = 0;
  let correction = 0;
  for (let row = 0; row < count; row += 1) {
    meanWeight += weight(row) / count;
    correction += (weight(row) * residual(row)) / count;
  }
  correction /= meanWeight;
  // Linearised: the ratio's influence is w(residual − correction)/mean(w).
  return meanOf(count, (row) => direct(row) + correction + (weight(row) / meanWeight) * (residual(row) - correction));
}

function meanOf(
  count: number,
  term: (row: number) => number,
): Result<{ readonly estimate: number; readonly standardError: number }> {
  let mean = 0;
  let squares = 0;
  for (let row = 0; row < count; row += 1) {
    const value = term(row);
    const step = value - mean;
    mean += step / (row + 1);
    squares += step * (value - mean);
  }
  return checkSpread(mean, Math.sqrt(squares / (count - 1) / count));
}

function checkSpread(
  estimate: number,
  standardError: number,
): Result<{ readonly estimate: number; readonly standardError: number }> {
  const problem = firstFailure(
    Number.isFinite(estimate) && Number.isFinite(standardError)
      ? undefined
      : failure('not-finite', 'rewards and weights whose mean is finite'),
    standardError > 0 ? undefined : failure('constant', 'rewards that vary'),
  );
  return problem ?? { ok: true, estimate, standardError };
}
