import { ALTERNATIVES, type Alternative } from './effect.ts';
import {
  checkCount,
  checkFinite,
  checkOneOf,
  checkOpenUnit,
  checkPositive,
  checkUnit,
  firstFailure,
} from './internal/check.ts';
import { lambertLowerBranch } from './internal/numeric.ts';
import { type Failure, failure, type Result } from './result.ts';

export interface SequenceSettings {
  /** Chance that the sequence ever misses. Default 0.05. */
  readonly alpha?: number;
  /** N*: the total count at which a decision is expected; the interval is tightest near it. Fix it before the start. */
  readonly horizonCount: number;
  /** Default `two-sided`. */
  readonly alternative?: Alternative;
}

/** One point of a confidence sequence: what is drawn, and what a decision reads. */
export interface SequencePoint {
  /** Observations of both arms together. */
  readonly count: number;
  readonly estimate: number;
  readonly lower: number;
  readonly upper: number;
  /** Anytime-valid p-value for an effect of 0; null where the method has none. */
  readonly pValue: number | null;
  readonly alpha: number;
}

/** A point that was stored or made elsewhere; its ends may be infinite. */
export function checkPoint(name: string, point: SequencePoint): Failure | undefined {
  const { count, estimate, lower, upper, pValue, alpha } = point;
  if (![estimate, lower, upper].every((value) => typeof value === 'number' && !Number.isNaN(value))) {
    return failure('not-finite', `${name} whose estimate and ends are numbers and not NaN`);
  }
  return firstFailure(
    checkCount(`the count of ${name}`, count, 0),
    checkOpenUnit(`the alpha of ${name}`, alpha),
    pValue === null ? undefined : checkUnit(`the p-value of ${name}`, pValue),
    lower <= upper ? undefined : failure('invalid-argument', `${name} whose lower end is not above the upper one`),
  );
}

/**
 * Which mixture variance ρ² makes the sequence tightest at the horizon?
 *
 * Formula: ρ² = c/N* with c = −W₋₁(−α²/e) − 1 (8.212 at α = 0.05, 11.756 at 0.01); one-sided at 2α.
 * Assumes the horizon was chosen without the data and ρ² stays the same while an experiment runs: a changed ρ voids the
 * guarantee. Domain: alpha in (0, 1) (one-sided (0, ½)), positive horizon; fails as `invalid-argument` outside it.
 * Source: Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, Annals of Statistics 52 (2024), appendix B.2.
 */
export function tuneMixture(settings: SequenceSettings): Result<{ readonly mixtureVariance: number }> {
  const { alpha = 0.05, horizonCount, alternative = 'two-sided' } = settings;
  const problem =
    checkOpenUnit('alpha', alpha) ??
    checkPositive('horizonCount', horizonCount) ??
    checkOneOf('alternative', alternative, ALTERNATIVES);
  if (problem) return problem;
  const level = alternative === 'two-sided' ? alpha : 2 * alpha;
  if (level >= 1) return failure('invalid-argument', 'a one-sided alpha below 0.5');
  return { ok: true, mixtureVariance: mixtureConstant(level) / horizonCount };
}

export function mixtureConstant(alpha: number): number {
  return -lambertLowerBranch(-(alpha * alpha) / Math.E) - 1;
}

/** Half-width of the asymptotic sequence in standard errors; no checks, for loops. */
export function asymptoticFactor(
  count: number,
  mixtureVariance: number,
  alpha: number,
  alternative: Alternative,
): number {
  const spread = count * mixtureVariance + 1;
  const logTerm =
    alternative === 'two-sided' ? Math.log(Math.sqrt(spread) / alpha) : Math.log1p(Math.sqrt(spread) / (2 * alpha));
  return Math.sqrt(((2 * spread) / (count * mixtureVariance)) * logTerm);
}

export interface SequencePointSettings {
  /** ρ² of {@link tuneMixture}, the same at every look. */
  readonly mixtureVariance: number;
  /** Default 0.05. */
  readonly alpha?: number;
  /** Default `two-sided`. */
  readonly alternative?: Alternative;
  /** Total count below which the normal approximation is not trusted. Default 200. */
  readonly minimumCount?: number;
}

/**
 * What can be said about an effect now, if one may look at any time and stop for any reason? One point of the asymptotic
 * confidence sequence around an estimate with a standard error (of `compareMeans`, `compareRatios`, …) on the absolute
 * scale. For lifts use `relativeSequencePoint`.
 *
 * Formula at total count n: half-width SE·√(2(nρ²+1)/(nρ²)·ln(√(nρ²+1)/α)), p = min(1, √(nρ²+1)·exp(−ρ²z²n/(2(nρ²+1)))),
 * z = estimate/SE. One-sided: ln(1 + √(nρ²+1)/(2α)), and p solves that for α.
 * Assumes an asymptotically normal estimate: start no earlier than 100 units an arm and 20 events of the rarer outcome;
 * below `minimumCount` the function refuses. Fixed allocation probabilities: under a bandit use `createAipwSequence` or
 * `createModelXProcess`. Domain: finite estimate, mixtureVariance > 0, alpha in (0, 1). Fails as `constant` on a zero
 * standard error, as `too-few-rows` below `minimumCount`.
 * Source: as {@link tuneMixture}, theorem 2.2 and its one-sided version; the two-sided form equals the normal mixture of
 * Howard, Ramdas, McAuliffe and Sekhon, Annals of Statistics 49 (2021).
 */
export function sequencePoint(
  estimate: { readonly estimate: number; readonly standardError: number },
  count: number,
  settings: SequencePointSettings,
): Result<SequencePoint> {
  const { alpha = 0.05, alternative = 'two-sided', mixtureVariance, minimumCount = 200 } = settings;
  const problem = firstFailure(
    checkFinite('estimate', estimate.estimate),
    checkFinite('standardError', estimate.standardError),
    checkOpenUnit('alpha', alpha),
    checkPositive('mixtureVariance', mixtureVariance),
    checkOneOf('alternative', alternative, ALTERNATIVES),
    checkCount('minimumCount', minimumCount, 0),
    checkCount('count', count, Math.max(1, minimumCount)),
  );
  if (problem) return problem;
  if (!(estimate.standardError > 0)) return failure('constant', 'a positive standard error: outcomes that vary');
  const half = estimate.standardError * asymptoticFactor(count, mixtureVariance, alpha, alternative);
  return {
    ok: true,
    count,
    estimate: estimate.estimate,
    lower: alternative === 'less' ? Number.NEGATIVE_INFINITY : estimate.estimate - half,
    upper: alternative === 'greater' ? Number.POSITIVE_INFINITY : estimate.estimate + half,
    pValue: anytimePValue(estimate.estimate / estimate.standardError, count, mixtureVariance, alternative),
    alpha,
  };
}

function anytimePValue(z: number, count: number, mixtureVariance: number, alternative: Alternative): number {
  const spread = count * mixtureVariance + 1;
  const exponent = (count * mixtureVariance * z * z) / (2 * spread);
  if (alternative === 'two-sided') return Math.min(1, Math.exp(0.5 * Math.log(spread) - exponent));
  const isTowards = alternative === 'greater' ? z > 0 : z < 0;
  return isTowards ? Math.min(1, Math.sqrt(spread) / (2 * Math.expm1(exponent))) : 1;
}

export interface DrawnPoint extends SequencePoint {
  /** Smallest p-value so far: valid at every moment, and the one to report. */
  readonly runningPValue: number | null;
}

/**
 * What is to be drawn, and decided on, when looks have been made one after the other?
 *
 * Formula: running minimum of p and, only if the effect is constant over time, running intersection of the intervals
 * (an effect that drifts makes it claim too much, so it is off by default).
 * Assumes points of one confidence sequence, which hold at all looks together; then so do minimum and intersection.
 * Domain: points in the order they were looked at. An intersection that becomes empty means the effect was not
 * constant: fails with `no-solution`. Fails on no points (`empty`), on points of different alpha or falling counts
 * or p-values outside [0, 1] (`invalid-argument`) and on a NaN (`not-finite`).
 * Source: definition of a confidence sequence; Howard, Ramdas, McAuliffe and Sekhon 2021 for running minimum and
 * intersection.
 */
export function drawSequence(
  points: readonly SequencePoint[],
  options: { readonly effectIsConstant?: boolean } = {},
): Result<{ readonly points: readonly DrawnPoint[] }> {
  if (points.length === 0) return failure('empty', 'at least one point');
  const drawn: DrawnPoint[] = [];
  for (const point of points) {
    const previous = drawn.at(-1);
    const problem = checkPoint('a point', point);
    if (problem) return problem;
    if (previous && (point.alpha !== previous.alpha || point.count < previous.count)) {
      return failure('invalid-argument', 'points of one sequence: one alpha, counts that do not fall');
    }
    const running = previous?.runningPValue ?? 1;
    const runningPValue = point.pValue === null ? (previous?.runningPValue ?? null) : Math.min(running, point.pValue);
    let { lower, upper } = point;
    if (options.effectIsConstant && previous) {
      lower = Math.max(lower, previous.lower);
      upper = Math.min(upper, previous.upper);
      if (lower > upper)
        return failure('no-solution', 'an effect that is constant over time; the intervals exclude it');
    }
    drawn.push({ ...point, lower, upper, runningPValue });
  }
  return { ok: true, points: drawn };
}
