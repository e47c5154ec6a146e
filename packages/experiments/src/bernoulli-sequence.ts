import { logBeta } from '@switchyard/special-functions';
import { checkCount, checkOpenUnit, checkPositive, firstFailure } from './internal/check.ts';
import { findRoot } from './internal/numeric.ts';
import { type Failure, failure, type Result } from './result.ts';

export interface BernoulliSettings {
  /** Default 0.05. */
  readonly alpha?: number;
  /** Trials at which the sequence is tightest; fix it before the start. */
  readonly horizonCount: number;
}

/**
 * How strong is the evidence that a success rate is not `rate`, if one may look at any time? Exact at every sample size.
 *
 * Formula: beta mixture ln E = ln B(r/(1−p)+S, r/p+N−S) − ln B(r/(1−p), r/p) − S ln p − (N−S) ln(1−p);
 * r = max(ρ − pq, 10⁻³pq), ρ = pq·horizonCount/(2ln(1/α) + ln(1 + 2ln(1/α))). E ≥ 1/α rejects.
 * Assumes a success probability that is `rate` under the null given the past (drift allowed under the alternative).
 * Domain: 0 ≤ S ≤ N whole, N ≥ 1, rate in (0, 1), positive horizon. Fails as `empty` before the first trial, as
 * `invalid-argument` otherwise outside it.
 * Source: Howard, Ramdas, McAuliffe and Sekhon 2021, proposition 7; equal to confseq's two-sided beta-binomial mixture.
 */
export function bernoulliEvidence(
  successes: number,
  count: number,
  rate: number,
  settings: BernoulliSettings,
): Result<{ readonly logEValue: number; readonly pValue: number }> {
  const { alpha = 0.05, horizonCount } = settings;
  const problem = checkTrials(successes, count, settings) ?? checkOpenUnit('rate', rate);
  if (problem) return problem;
  const logEValue = betaMixtureLogE(successes, count, rate, mixtureScale(rate, horizonCount, alpha));
  return { ok: true, logEValue, pValue: Math.min(1, Math.exp(-logEValue)) };
}

/**
 * Between which rates does a success probability lie, if one may look at any time?
 *
 * Formula: the set {p: E(p) < 1/α} of {@link bernoulliEvidence}; covers at all times together with probability 1 − α,
 * at every sample size.
 * Assumes a success probability that is the same at every trial given the past. Domain, failures and source as there.
 */
export function bernoulliInterval(
  successes: number,
  count: number,
  settings: BernoulliSettings,
): Result<{ readonly estimate: number; readonly lower: number; readonly upper: number; readonly alpha: number }> {
  const { alpha = 0.05, horizonCount } = settings;
  const problem = checkTrials(successes, count, settings);
  if (problem) return problem;
  const estimate = successes / count;
  const excess = (p: number) =>
    betaMixtureLogE(successes, count, p, mixtureScale(p, horizonCount, alpha)) + Math.log(alpha);
  return {
    ok: true,
    estimate,
    lower: successes === 0 ? 0 : findRoot(excess, 0, estimate, false),
    upper: successes === count ? 1 : findRoot(excess, estimate, 1, true),
    alpha,
  };
}

/** ln E of the beta mixture; `scale` is r·1, see {@link mixtureScale}. Real-valued successes are allowed. */
export function betaMixtureLogE(successes: number, count: number, rate: number, scale: number): number {
  return betaMixtureCurve(count, rate, scale)(successes);
}

/** {@link betaMixtureLogE} as a function of the successes, for many of them. */
export function betaMixtureCurve(count: number, rate: number, scale: number): (successes: number) => number {
  const a = scale / (1 - rate);
  const b = scale / rate;
  const start = logBeta(a, b);
  const logRate = Math.log(rate);
  const logRest = Math.log1p(-rate);
  return (successes) =>
    logBeta(a + successes, b + count - successes) - start - successes * logRate - (count - successes) * logRest;
}

/** r of the mixture. */
export function mixtureScale(rate: number, horizonCount: number, alpha: number): number {
  const variance = rate * (1 - rate);
  const logInverse = -Math.log(alpha);
  const rho = (variance * horizonCount) / (2 * logInverse + Math.log1p(2 * logInverse));
  return Math.max(rho - variance, 1e-3 * variance);
}

function checkTrials(successes: number, count: number, settings: BernoulliSettings): Failure | undefined {
  return firstFailure(
    checkCount('count', count, 1),
    checkCount('successes', successes, 0),
    successes > count ? failure('invalid-argument', 'no more successes than trials') : undefined,
    checkOpenUnit('alpha', settings.alpha ?? 0.05),
    checkPositive('horizonCount', settings.horizonCount),
  );
}
