import { normalUpperQuantile } from '@switchyard/special-functions';
import { checkEffectOptions, type Effect, type EffectOptions, testEstimate } from './effect.ts';
import { checkAllFinite, checkOpenUnit, checkSameLength } from './internal/check.ts';
import { countAtMost, sortedCopy, valueAtQuantile } from './internal/order-statistics.ts';
import { type Failure, failure, type Result } from './result.ts';

export interface QuantileOptions extends EffectOptions {
  /** Which quantile, in (0, 1): 0.99 for p99. */
  readonly quantile: number;
}

/** Values of one arm. `clusters[i]` names the unit (user, session) row i belongs to when rows are not independent. */
export interface QuantileSample {
  readonly values: readonly number[];
  readonly clusters?: readonly (string | number)[];
}

export interface QuantileEstimate {
  readonly estimate: number;
  readonly standardError: number;
  /** Distribution-free interval from order statistics; widened by the design effect when clusters are given. */
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
  /** Variance inflation from clustering; 1 for independent rows. */
  readonly designEffect: number;
}

/**
 * Where does a quantile of one arm lie? Interval between two order statistics and the standard error it implies.
 *
 * Formula: with z the normal critical value and h = z√(ν(1−ν)·deff/n), the order statistics ⌊n(ν−h)⌋ and ⌈n(ν+h)⌉ (from 1);
 * standard error (U−L)/(2z); estimate by linear interpolation. deff = Var_cluster(share below)/(ν(1−ν)/n), at least 1.
 * Assumes independent rows, or independent clusters. Domain: n > deff·z²ν/(1−ν) and n > deff·z²(1−ν)/ν, so that both order
 * statistics exist (p99 at 5 % needs n > 381). Fails below that, and when U = L (ties so heavy that there is no spread).
 * Source: order-statistic intervals as in David and Nagaraja, Order Statistics, §7.1; clustered version Deng et al. 2018.
 */
export function estimateQuantile(
  sample: QuantileSample,
  options: { readonly quantile: number; readonly alpha?: number },
): Result<QuantileEstimate> {
  const { quantile, alpha = 0.05 } = options;
  const { values, clusters } = sample;
  const problem =
    checkAllFinite('values', values) ??
    checkOpenUnit('quantile', quantile) ??
    checkOpenUnit('alpha', alpha) ??
    (clusters ? checkSameLength('clusters', clusters.length, values.length) : undefined);
  if (problem) return problem;
  const sorted = sortedCopy(values);
  const count = sorted.length;
  const estimate = valueAtQuantile(sorted, quantile);
  const designEffect = clusters ? clusterDesignEffect(values, clusters, estimate, quantile) : 1;
  if (typeof designEffect !== 'number') return designEffect;
  const z = normalUpperQuantile(alpha / 2);
  const odds = quantile / (1 - quantile);
  const minimum = designEffect * z * z * Math.max(odds, 1 / odds);
  if (count <= minimum) {
    return failure('too-few-rows', `more than ${Math.floor(minimum)} values for this quantile; there are ${count}`);
  }
  const half = z * Math.sqrt((quantile * (1 - quantile) * designEffect) / count);
  const lower = sorted[Math.max(1, Math.floor(count * (quantile - half))) - 1] as number;
  const upper = sorted[Math.min(count, Math.ceil(count * (quantile + half))) - 1] as number;
  if (!(upper > lower)) return failure('constant', 'values that differ around the quantile');
  return { ok: true, estimate, standardError: (upper - lower) / (2 * z), lower, upper, count, designEffect };
}

/**
 * Is a quantile (median, p95, p99) different between two arms, judged once at the planned end?
 *
 * Formula: difference of {@link estimateQuantile} of each arm, SE² = SE_a² + SE_b², normal reference distribution;
 * relative scale by the delta method. Assumptions, domain and failures as there, for both arms.
 * Assumes besides that the arms are independent; fails as `zero-baseline` on the relative scale when the control's
 * quantile is 0. For repeated looks use `compareQuantilesAnytime`. Source: as there; delta method as `compareMeans`.
 */
export function compareQuantiles(
  control: QuantileSample,
  treatment: QuantileSample,
  options: QuantileOptions,
): Result<Effect> {
  const problem = checkEffectOptions(options);
  if (problem) return problem;
  const { quantile, alpha = 0.05 } = options;
  const a = estimateQuantile(control, { quantile, alpha });
  if (!a.ok) return { ...a, needed: `control: ${a.needed}` };
  const b = estimateQuantile(treatment, { quantile, alpha });
  if (!b.ok) return { ...b, needed: `treatment: ${b.needed}` };
  const difference = b.estimate - a.estimate;
  if ((options.scale ?? 'absolute') === 'absolute') {
    return testEstimate(difference, Math.hypot(a.standardError, b.standardError), Number.POSITIVE_INFINITY, options);
  }
  const baseline = Math.abs(a.estimate);
  if (baseline === 0) return failure('zero-baseline', 'a control quantile other than 0; use the absolute scale');
  const spread = Math.hypot(b.standardError / baseline, (a.standardError / baseline) * (b.estimate / baseline));
  return testEstimate(difference / baseline, spread, Number.POSITIVE_INFINITY, options);
}

/** How much clustering inflates the variance of the share of values at or below `threshold`. */
function clusterDesignEffect(
  values: readonly number[],
  clusters: readonly (string | number)[],
  threshold: number,
  quantile: number,
): number | Failure {
  const totals = new Map<string | number, { size: number; below: number }>();
  for (let index = 0; index < values.length; index += 1) {
    const key = clusters[index] as string | number;
    let total = totals.get(key);
    if (!total) {
      total = { size: 0, below: 0 };
      totals.set(key, total);
    }
    total.size += 1;
    if ((values[index] as number) <= threshold) total.below += 1;
  }
  const clusterCount = totals.size;
  if (clusterCount < 2) return failure('too-few-rows', 'at least two clusters');
  const share = countAtMost(sortedCopy(values), threshold) / values.length;
  let squares = 0;
  for (const { size, below } of totals.values()) squares += (below - share * size) ** 2;
  const variance = (squares / (clusterCount - 1)) * (clusterCount / values.length ** 2);
  return Math.max(1, variance / ((quantile * (1 - quantile)) / values.length));
}
