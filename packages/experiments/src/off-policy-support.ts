import {
  checkAllFinite,
  checkCount,
  checkNonNegative,
  checkSameLength,
  checkUnit,
  firstFailure,
} from './internal/check.ts';
import { type Failure, failure, type Result } from './result.ts';

/** The log, one entry per decision whose reward is known. */
export interface OffPolicyRows {
  readonly rewards: readonly number[];
  /** Probability with which the logged policy chose the arm it chose; in (0, 1]. */
  readonly loggedPropensities: readonly number[];
  /** Probability with which the policy in question would have chosen that same arm; in [0, 1]. */
  readonly targetPropensities: readonly number[];
  /**
   * Probability the policy in question gives to arms the logged policy could not choose; leave out only when every arm
   * always had a propensity above 0. {@link toOffPolicyRows} fills it in.
   */
  readonly uncoveredShares?: readonly number[];
  /** q̂ of the logged arm, for the doubly robust estimators. */
  readonly predictedRewards?: readonly number[];
  /** Σ_a π_target(a|x)·q̂(x,a), for DM and the doubly robust estimators. */
  readonly predictedValues?: readonly number[];
}

export interface SupportLimits {
  /** Default 100. */
  readonly minimumEffectiveSample?: number;
  /** Largest share of the total weight one row may carry. Default 0.05. */
  readonly maximumWeightShare?: number;
  /** Largest average probability on arms the log never could choose. Default 0 (within 1e-9). */
  readonly maximumUncoveredShare?: number;
}

export interface SupportReport {
  readonly count: number;
  /** (Σw)²/Σw²: how many rows of the target policy itself the log is worth. */
  readonly effectiveSample: number;
  readonly meanWeight: number;
  readonly meanWeightLower: number;
  readonly meanWeightUpper: number;
  readonly maximumWeight: number;
  readonly maximumWeightShare: number;
  readonly uncoveredShare: number;
}

/** A decision with everything a gateway logs about it. */
export interface LoggedDecision {
  readonly reward: number;
  readonly arm: number;
  /** Probability of every arm under the policy that ran. */
  readonly logged: readonly number[];
  /** Probability of every arm under the policy in question. */
  readonly target: readonly number[];
  /** q̂ of every arm. */
  readonly predicted?: readonly number[];
}

/**
 * Which rows does {@link evaluatePolicy} need, when full propensity vectors (and perhaps predictions) were logged?
 *
 * Formula: π of the arm taken under both policies; uncovered share Σ π_target over arms with logged propensity 0;
 * predicted value Σ_a π_target q̂. Assumes the logged vectors are those the arm was drawn with.
 * Domain: at least two decisions, finite rewards and predictions. Fails unless both vectors have one probability for
 * every arm and sum to 1, and the arm taken had one above 0 (`no-support`); predictions must be there for all decisions
 * or none (`length-mismatch`). Source: definition of importance weights; see there.
 */
export function toOffPolicyRows(decisions: readonly LoggedDecision[]): Result<{ readonly rows: OffPolicyRows }> {
  if (decisions.length === 0) return failure('empty', 'at least two decisions');
  const hasPredictions = decisions[0]?.predicted !== undefined;
  const rewards: number[] = [];
  const loggedPropensities: number[] = [];
  const targetPropensities: number[] = [];
  const uncoveredShares: number[] = [];
  const predictedRewards: number[] = [];
  const predictedValues: number[] = [];
  for (let index = 0; index < decisions.length; index += 1) {
    const { reward, arm, logged, target, predicted } = decisions[index] as LoggedDecision;
    const name = `decision ${index}`;
    const problem = firstFailure(
      checkSameLength(`${name} target`, target.length, logged.length),
      checkProbabilities(`${name} logged`, logged),
      checkProbabilities(`${name} target`, target),
      (predicted !== undefined) === hasPredictions
        ? undefined
        : failure('length-mismatch', 'predictions for every decision or for none'),
      predicted ? checkSameLength(`${name} predicted`, predicted.length, logged.length) : undefined,
      (logged[arm] ?? 0) > 0 ? undefined : failure('no-support', `${name}: an arm whose logged propensity is above 0`),
    );
    if (problem) return problem;
    let uncovered = 0;
    let value = 0;
    for (let other = 0; other < logged.length; other += 1) {
      const share = target[other] as number;
      if (logged[other] === 0) uncovered += share;
      if (predicted) value += share * (predicted[other] as number);
    }
    rewards.push(reward);
    loggedPropensities.push(logged[arm] as number);
    targetPropensities.push(target[arm] as number);
    uncoveredShares.push(uncovered);
    if (predicted) {
      predictedRewards.push(predicted[arm] as number);
      predictedValues.push(value);
    }
  }
  const base = { rewards, loggedPropensities, targetPropensities, uncoveredShares };
  const rows: OffPolicyRows = hasPredictions ? { ...base, predictedRewards, predictedValues } : base;
  return checkRows(rows) ?? { ok: true, rows };
}

/**
 * How much of the target policy does the log cover? The report to show beside (or instead of) an estimate.
 *
 * Formulas, w = π_target/π_logged of the logged arm: effective sample size (Σw)²/Σw²; mean weight with its 99.9 %
 * normal interval (it should hold 1, or 1 less the uncovered share, when the logged propensities are right); share of
 * the heaviest row max w/Σw; mean probability on arms the log never could choose.
 * Assumes independent rows given the policies. Domain as {@link evaluatePolicy}; fails on bad rows as there and, when
 * the weights are all 0, as `no-support`.
 * Source: Kish, Survey Sampling (1965) for the effective sample size.
 */
export function reportSupport(rows: OffPolicyRows): Result<{ readonly report: SupportReport }> {
  const problem = checkRows(rows);
  if (problem) return problem;
  const inspected = inspectSupport(rows, {});
  return inspected.ok ? { ok: true, report: inspected.report } : inspected;
}

/** A limit that is NaN would hold back nothing. */
export function checkLimits(limits: SupportLimits): Failure | undefined {
  return firstFailure(
    checkNonNegative('minimumEffectiveSample', limits.minimumEffectiveSample ?? 0),
    checkUnit('maximumWeightShare', limits.maximumWeightShare ?? 0),
    checkUnit('maximumUncoveredShare', limits.maximumUncoveredShare ?? 0),
  );
}

/** The report, and the refusal it implies under the limits. Rows and limits must have been checked. */
export function inspectSupport(
  rows: OffPolicyRows,
  limits: SupportLimits,
): Result<{ readonly report: SupportReport; readonly refusal: Failure | undefined }> {
  const { minimumEffectiveSample = 100, maximumWeightShare = 0.05, maximumUncoveredShare = 1e-9 } = limits;
  const count = rows.rewards.length;
  let mean = 0;
  let squares = 0;
  let total = 0;
  let totalSquares = 0;
  let largest = 0;
  let uncovered = 0;
  for (let row = 0; row < count; row += 1) {
    const weight = (rows.targetPropensities[row] as number) / (rows.loggedPropensities[row] as number);
    const step = weight - mean;
    mean += step / (row + 1);
    squares += step * (weight - mean);
    total += weight;
    totalSquares += weight * weight;
    largest = Math.max(largest, weight);
    uncovered += rows.uncoveredShares?.[row] ?? 0;
  }
  const uncoveredShare = uncovered / count;
  if (!(total > 0)) return failure('no-support', 'rows on which the policy in question could have acted as logged');
  if (!Number.isFinite(totalSquares)) return failure('not-finite', 'propensities whose ratios are finite');
  const half = 3.29 * Math.sqrt(squares / (count - 1) / count);
  const report: SupportReport = {
    count,
    effectiveSample: (total * total) / totalSquares,
    meanWeight: mean,
    meanWeightLower: mean - half,
    meanWeightUpper: mean + half,
    maximumWeight: largest,
    maximumWeightShare: largest / total,
    uncoveredShare,
  };
  // With part of the target uncovered the expected weight is what remains.
  const expected = 1 - uncoveredShare;
  const refusal = firstFailure(
    uncoveredShare > maximumUncoveredShare
      ? failure(
          'no-support',
          `a log that could choose every arm of the policy; it misses ${percent(uncoveredShare)} of it`,
        )
      : undefined,
    report.effectiveSample < minimumEffectiveSample
      ? failure(
          'effective-sample-too-small',
          `an effective sample of ${minimumEffectiveSample}; ${count} rows are worth ${report.effectiveSample.toFixed(1)}`,
        )
      : undefined,
    report.maximumWeightShare > maximumWeightShare
      ? failure(
          'weight-concentrated',
          `no row with over ${percent(maximumWeightShare)} of the weight; one has ${percent(report.maximumWeightShare)}`,
        )
      : undefined,
    expected < report.meanWeightLower - 1e-9 || expected > report.meanWeightUpper + 1e-9
      ? failure(
          'wrong-propensities',
          `weights that average ${expected.toFixed(3)}; they average ${mean.toFixed(3)}, so the logged propensities are not those used`,
        )
      : undefined,
  );
  return { ok: true, report, refusal };
}

export function checkRows(rows: OffPolicyRows): Failure | undefined {
  const count = rows.rewards.length;
  const optional = (name: 'uncoveredShares' | 'predictedRewards' | 'predictedValues') => {
    const values = rows[name];
    return values ? (checkSameLength(name, values.length, count) ?? checkAllFinite(name, values)) : undefined;
  };
  const problem =
    checkAllFinite('rewards', rows.rewards) ??
    checkCount('the number of rows', count, 2) ??
    checkSameLength('loggedPropensities', rows.loggedPropensities.length, count) ??
    checkSameLength('targetPropensities', rows.targetPropensities.length, count) ??
    optional('uncoveredShares') ??
    optional('predictedRewards') ??
    optional('predictedValues');
  if (problem) return problem;
  for (let row = 0; row < count; row += 1) {
    const logged = rows.loggedPropensities[row] as number;
    const target = rows.targetPropensities[row] as number;
    if (!(logged > 0 && logged <= 1)) return failure('invalid-argument', `a logged propensity in (0, 1] at row ${row}`);
    if (!(target >= 0 && target <= 1))
      return failure('invalid-argument', `a target propensity in [0, 1] at row ${row}`);
    // The sum of probabilities, so 1 only within rounding.
    const uncovered = rows.uncoveredShares?.[row] ?? 0;
    if (!(uncovered >= 0 && uncovered <= 1 + 1e-9))
      return failure('invalid-argument', `an uncovered share in [0, 1] at row ${row}`);
  }
  return undefined;
}

function checkProbabilities(name: string, shares: readonly number[]): Failure | undefined {
  let total = 0;
  for (const share of shares) {
    if (!(share >= 0 && share <= 1)) return failure('invalid-argument', `${name}: probabilities in [0, 1]`);
    total += share;
  }
  return Math.abs(total - 1) <= 1e-9 ? undefined : failure('invalid-argument', `${name}: probabilities that sum to 1`);
}

function percent(share: number): string {
  return `${(100 * share).toPrecision(3)} %`;
}
