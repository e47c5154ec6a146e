import type { SequencePoint } from './asymptotic-sequence.ts';
import { betaMixtureCurve, betaMixtureLogE, mixtureScale } from './bernoulli-sequence.ts';
import {
  checkAllFinite,
  checkCount,
  checkOpenUnit,
  checkPositive,
  checkSameLength,
  firstFailure,
} from './internal/check.ts';
import { bisect, findRoot, minimise } from './internal/numeric.ts';
import { countAtMost, countBelow, sortedCopy, valueAtQuantile } from './internal/order-statistics.ts';
import { type Failure, failure, type Result } from './result.ts';

export interface QuantileSequenceSettings {
  /** Which quantile, in (0, 1): 0.99 for p99. */
  readonly quantile: number;
  /** Values per arm at which the sequence is tightest; fix it before the start. */
  readonly horizonCount: number;
  /** Default 0.05. */
  readonly alpha?: number;
}

export interface QuantileEvidence {
  /** ln E against equal quantiles; never below 0. */
  readonly logEValue: number;
  readonly pValue: number;
}

/**
 * Between which values does a quantile of one stream lie, if one may look at any time? Exact at every sample size, no
 * assumption on the distribution.
 *
 * Formula: the values x whose count N(x) of observations ≤ x is not refuted by the beta-binomial mixture of
 * `bernoulliEvidence` at rate q: G(N(x)) < ln(1/α). With ties any count between #{< x} and #{≤ x} may be the one.
 * Assumes each value's chance to lie at or below the quantile is q given the past. Domain: finite values, quantile in
 * (0, 1), positive horizon. Fails as `empty` or `not-finite` outside it, as `too-few-rows` while one end is not reached
 * by any observation.
 * Source: Howard and Ramdas, Bernoulli 28 (2022), theorem 1 and section 3.
 */
export function quantileInterval(
  values: readonly number[],
  settings: QuantileSequenceSettings,
): Result<{ readonly estimate: number; readonly lower: number; readonly upper: number; readonly alpha: number }> {
  const problem = checkAllFinite('values', values) ?? checkQuantileSettings(settings);
  return problem ?? sortedInterval(sortedCopy(values), settings, settings.alpha ?? 0.05);
}

/**
 * Are the q-quantiles (p95, p99 latency) of two arms equal, if one may look after every request? Exact at every sample
 * size, no assumption on the distributions.
 *
 * Formula: if both quantiles equal x, then G_1(x) + G_2(x) is the logarithm of an e-process, G_k the beta-binomial mixture
 * of `bernoulliEvidence` with p = q, S = #{arm k ≤ x}, N = n_k. Not knowing x, ln E = min_x [G_1(x) + G_2(x)] and
 * p = exp(−ln E) capped at 1. The minimum is over observed values; with ties the count may be any between < x and ≤ x.
 * Assumes the arms independent given the past. Domain: at least one finite value an arm; fails as `empty` or
 * `not-finite` outside it.
 * Source: Howard and Ramdas 2022, section 4; equal to confseq `quantile_ab_p_value`.
 */
export function compareQuantilesAnytime(
  control: readonly number[],
  treatment: readonly number[],
  settings: QuantileSequenceSettings,
): Result<QuantileEvidence> {
  const problem =
    checkAllFinite('control', control) ?? checkAllFinite('treatment', treatment) ?? checkQuantileSettings(settings);
  if (problem) return problem;
  const arms = [sortedCopy(control), sortedCopy(treatment)] as const;
  const curves = arms.map((sorted) => evidenceCurve(sorted.length, settings.quantile, settings.horizonCount));
  const cost = (x: number) =>
    arms.reduce((sum, sorted, arm) => {
      const curve = curves[arm] as EvidenceCurve;
      return sum + curve.between(countBelow(sorted, x), countAtMost(sorted, x));
    }, 0);
  // Outside the stretch between the two arms' own minimisers both terms rise.
  const centres = arms.map((sorted, arm) => {
    const position = Math.ceil((curves[arm] as EvidenceCurve).minimiser);
    return sorted[Math.min(Math.max(position, 1), sorted.length) - 1] as number;
  });
  const low = Math.min(...centres);
  const high = Math.max(...centres);
  let smallest = Math.min(cost(low), cost(high));
  for (const sorted of arms) {
    const last = countAtMost(sorted, high);
    for (let index = countBelow(sorted, low); index < last; index += 1) {
      if (index > 0 && sorted[index] === sorted[index - 1]) continue;
      smallest = Math.min(smallest, cost(sorted[index] as number));
    }
  }
  return toEvidence(smallest);
}

/** Counts of both arms over the same ascending bins, as mergeable latency histograms give them. */
export interface HistogramPair {
  readonly control: readonly number[];
  readonly treatment: readonly number[];
}

/**
 * Are the q-quantiles of two arms equal, if one may look at any time and only histograms are kept?
 *
 * Formula: {@link compareQuantilesAnytime} with the minimum over bins. A quantile can lie anywhere inside a bin, so the
 * evidence is a lower bound there: never more false alarms than with raw values, a little less power with coarse bins.
 * Assumptions as there, and the same bins in both arms, fixed without the data. Domain: equally many bins, whole
 * counts, at least one value an arm; fails as `empty`, `length-mismatch` or `invalid-argument` outside it. Source: as
 * there.
 */
export function compareHistogramQuantilesAnytime(
  histograms: HistogramPair,
  settings: QuantileSequenceSettings,
): Result<QuantileEvidence> {
  const { control, treatment } = histograms;
  const problem =
    checkBins('control', control) ??
    checkBins('treatment', treatment) ??
    checkSameLength('treatment', treatment.length, control.length) ??
    checkQuantileSettings(settings);
  if (problem) return problem;
  const counts = [control, treatment] as const;
  const curves = counts.map((bins) =>
    evidenceCurve(
      bins.reduce((sum, count) => sum + count, 0),
      settings.quantile,
      settings.horizonCount,
    ),
  );
  const below = [0, 0];
  let smallest = Number.POSITIVE_INFINITY;
  for (let bin = 0; bin < control.length; bin += 1) {
    let sum = 0;
    counts.forEach((bins, arm) => {
      const before = below[arm] as number;
      const after = before + (bins[bin] as number);
      sum += (curves[arm] as EvidenceCurve).between(before, after);
      below[arm] = after;
    });
    smallest = Math.min(smallest, sum);
  }
  return toEvidence(smallest);
}

/**
 * What can be said about the difference of a quantile, treatment − control, if one may look at any time? A point for
 * drawing and deciding.
 *
 * Formula: [L_b − U_a, U_b − L_a] of two {@link quantileInterval}s at α/2 each, with the (stronger) p-value of
 * {@link compareQuantilesAnytime}. Assumptions, domain, failures and source as there, with a union bound over the arms.
 */
export function quantileSequencePoint(
  control: readonly number[],
  treatment: readonly number[],
  settings: QuantileSequenceSettings,
): Result<SequencePoint> {
  const evidence = compareQuantilesAnytime(control, treatment, settings);
  if (!evidence.ok) return evidence;
  const { alpha = 0.05 } = settings;
  const a = sortedInterval(sortedCopy(control), settings, alpha / 2);
  if (!a.ok) return { ...a, needed: `control: ${a.needed}` };
  const b = sortedInterval(sortedCopy(treatment), settings, alpha / 2);
  if (!b.ok) return { ...b, needed: `treatment: ${b.needed}` };
  return {
    ok: true,
    count: control.length + treatment.length,
    estimate: b.estimate - a.estimate,
    lower: b.lower - a.upper,
    upper: b.upper - a.lower,
    pValue: evidence.pValue,
    alpha,
  };
}

interface EvidenceCurve {
  /** The real-valued count that speaks least against q. */
  readonly minimiser: number;
  /** Smallest ln E for a count anywhere in [low, high]; convex in the count, so clamping the minimiser finds it. */
  between(low: number, high: number): number;
}

// The mixture is tuned at this level whatever the alpha of the decision, so that p-values do not depend on alpha.
const TUNING_ALPHA = 0.05;

function evidenceCurve(count: number, quantile: number, horizonCount: number): EvidenceCurve {
  const logE = betaMixtureCurve(count, quantile, mixtureScale(quantile, horizonCount, TUNING_ALPHA));
  const minimiser = minimise(logE, 0, count);
  return { minimiser, between: (from, to) => logE(Math.min(Math.max(minimiser, from), to)) };
}

function sortedInterval(sorted: Float64Array, settings: QuantileSequenceSettings, alpha: number) {
  const ranks = believableRanks(sorted.length, settings, alpha);
  if (!ranks.ok) return ranks;
  return {
    ok: true as const,
    estimate: valueAtQuantile(sorted, settings.quantile),
    lower: sorted[ranks.fewest - 1] as number,
    upper: sorted[ranks.most - 1] as number,
    alpha,
  };
}

/** Ranks (from 1) of the order statistics between which the quantile lies. */
export function believableRanks(
  count: number,
  settings: QuantileSequenceSettings,
  alpha: number,
): Result<{ readonly fewest: number; readonly most: number }> {
  const scale = mixtureScale(settings.quantile, settings.horizonCount, TUNING_ALPHA);
  const logE = betaMixtureCurve(count, settings.quantile, scale);
  const excess = (successes: number) => logE(successes) + Math.log(alpha);
  const minimiser = minimise(logE, 0, count);
  if (excess(0) < 0 || excess(count) < 0) {
    const minimum = smallestAnswerable(settings, scale, alpha);
    return failure('too-few-rows', `about ${minimum} values for both ends of this quantile; there are ${count}`);
  }
  return {
    ok: true,
    fewest: Math.max(1, Math.ceil(findRoot(excess, 0, minimiser, false))),
    most: Math.min(count, Math.floor(findRoot(excess, minimiser, count, true)) + 1),
  };
}

/** The count from which even "all below" and "none below" are refuted. */
function smallestAnswerable(settings: QuantileSequenceSettings, scale: number, alpha: number): number {
  const refuted = (count: number) =>
    Math.min(
      betaMixtureLogE(0, count, settings.quantile, scale),
      betaMixtureLogE(count, count, settings.quantile, scale),
    ) >= -Math.log(alpha);
  let count = 1;
  while (count < 2 ** 40 && !refuted(count)) count *= 2;
  return Math.ceil(bisect((n) => (refuted(Math.ceil(n)) ? 1 : -1), count / 2, count, true));
}

function toEvidence(logEValue: number): Result<QuantileEvidence> {
  return { ok: true, logEValue: Math.max(0, logEValue), pValue: Math.min(1, Math.exp(-logEValue)) };
}

export function checkBins(name: string, bins: readonly number[]): Failure | undefined {
  if (bins.length === 0) return failure('empty', `${name} must have at least one bin`);
  let total = 0;
  for (let index = 0; index < bins.length; index += 1) {
    const problem = checkCount(`${name}[${index}]`, bins[index] as number, 0);
    if (problem) return problem;
    total += bins[index] as number;
  }
  return total > 0 ? undefined : failure('empty', `${name} must hold at least one value`);
}

export function checkQuantileSettings(settings: QuantileSequenceSettings): Failure | undefined {
  return firstFailure(
    checkOpenUnit('quantile', settings.quantile),
    checkOpenUnit('alpha', settings.alpha ?? 0.05),
    checkPositive('horizonCount', settings.horizonCount),
  );
}
