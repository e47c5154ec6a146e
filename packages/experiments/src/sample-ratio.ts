import { chiSquareSurvival } from '@switchyard/special-functions';
import { checkCount, checkOpenUnit, checkSameLength, checkShares } from './internal/check.ts';
import { solvePositiveDefinite } from './internal/numeric.ts';
import { type Failure, failure, type Result } from './result.ts';

/** Arrivals of one stretch during which the assignment shares were constant; a ramp or a bandit has many. */
export interface AssignmentEpoch {
  /** Probability of each arm, summing to 1. */
  readonly shares: readonly number[];
  /** Units seen in each arm. */
  readonly counts: readonly number[];
}

export interface SampleRatioTest {
  readonly pValue: number;
  readonly statistic: number;
  readonly degreesOfFreedom: number;
  /** p below alpha: the split is broken, do not trust the comparison. */
  readonly isMismatch: boolean;
  readonly observed: readonly number[];
  readonly expected: readonly number[];
}

/**
 * Do the arms hold the shares of units they were meant to, judged once? A mismatch means assignment or logging is broken
 * and no comparison of the arms can be trusted.
 *
 * Formula: with constant shares χ² = Σ(O−E)²/E on k − 1 degrees of freedom. With shares that change over epochs t (ramps,
 * bandits) dᵀΣ⁻¹d, d = O − Σπ_t n_t and Σ = Σ n_t(diag π_t − π_tπ_tᵀ) without the last arm; for two arms that is z² with
 * z = (O − Σπ)/√(Σπ(1−π)). Both are the same statistic when shares do not change.
 * Assumes each unit counted once. Domain: every arm with a share expects at least 5 units. An arm whose share was always 0
 * must be empty; traffic there fails with `traffic-without-share`, the surest mismatch there is. Alert level 0.001.
 * For continuous checking use `sampleRatioEvidence` or `createSampleRatioProcess`.
 * Source: Fabijan et al., KDD 2019; equal to `scipy.stats.chisquare` for constant shares.
 */
export function testSampleRatio(
  epochs: readonly AssignmentEpoch[],
  options: { readonly alpha?: number } = {},
): Result<SampleRatioTest> {
  const { alpha = 0.001 } = options;
  const problem = checkEpochs(epochs) ?? checkOpenUnit('alpha', alpha);
  if (problem) return problem;
  const arms = (epochs[0] as AssignmentEpoch).shares.length;
  const observed = new Array<number>(arms).fill(0);
  const expected = new Array<number>(arms).fill(0);
  for (const { shares, counts } of epochs) {
    const total = counts.reduce((sum, count) => sum + count, 0);
    for (let arm = 0; arm < arms; arm += 1) {
      observed[arm] = (observed[arm] as number) + (counts[arm] as number);
      expected[arm] = (expected[arm] as number) + (shares[arm] as number) * total;
    }
  }
  const live = expected.map((_, arm) => arm).filter((arm) => (expected[arm] as number) > 0);
  const smallest = Math.min(...live.map((arm) => expected[arm] as number));
  if (live.length === 0) return failure('empty', 'at least one assigned unit');
  if (live.length === 1) return failure('one-class', 'at least two arms with a share above 0');
  if (smallest < 5) return failure('too-few-rows', `5 expected units in every arm; the smallest expects ${smallest}`);
  const statistic = isConstant(epochs)
    ? live.reduce(
        (sum, arm) => sum + ((observed[arm] as number) - (expected[arm] as number)) ** 2 / (expected[arm] as number),
        0,
      )
    : varyingStatistic(epochs, live, observed, expected);
  if (statistic === undefined) return failure('constant', 'assignment that is random: shares strictly between 0 and 1');
  const degreesOfFreedom = live.length - 1;
  const pValue = chiSquareSurvival(statistic, degreesOfFreedom);
  return { ok: true, pValue, statistic, degreesOfFreedom, isMismatch: pValue < alpha, observed, expected };
}

export function checkEpoch(name: string, epoch: AssignmentEpoch): Failure | undefined {
  const problem = checkShares(`${name}.shares`, epoch.shares);
  if (problem) return problem;
  const lengths = checkSameLength(`${name}.counts`, epoch.counts.length, epoch.shares.length);
  if (lengths) return lengths;
  for (let arm = 0; arm < epoch.counts.length; arm += 1) {
    const bad = checkCount(`${name}.counts[${arm}]`, epoch.counts[arm] as number, 0);
    if (bad) return bad;
    if (epoch.shares[arm] === 0 && (epoch.counts[arm] as number) > 0) {
      return failure(
        'traffic-without-share',
        `no units in arm ${arm}, whose share is 0; it holds ${epoch.counts[arm]}`,
      );
    }
  }
  return undefined;
}

function checkEpochs(epochs: readonly AssignmentEpoch[]): Failure | undefined {
  const first = epochs[0];
  if (!first) return failure('empty', 'at least one epoch of assignments');
  for (let index = 0; index < epochs.length; index += 1) {
    const epoch = epochs[index] as AssignmentEpoch;
    const problem =
      checkSameLength(`epochs[${index}].shares`, epoch.shares.length, first.shares.length) ??
      checkEpoch(`epochs[${index}]`, epoch);
    if (problem) return problem;
  }
  return undefined;
}

function isConstant(epochs: readonly AssignmentEpoch[]): boolean {
  const first = epochs[0] as AssignmentEpoch;
  return epochs.every((epoch) => epoch.shares.every((share, arm) => share === first.shares[arm]));
}

function varyingStatistic(
  epochs: readonly AssignmentEpoch[],
  live: readonly number[],
  observed: readonly number[],
  expected: readonly number[],
): number | undefined {
  const kept = live.slice(0, -1);
  const covariance = kept.map(() => kept.map(() => 0));
  for (const { shares, counts } of epochs) {
    const total = counts.reduce((sum, count) => sum + count, 0);
    kept.forEach((armA, i) => {
      kept.forEach((armB, j) => {
        const shareA = shares[armA] as number;
        const row = covariance[i] as number[];
        row[j] = (row[j] as number) + total * (i === j ? shareA * (1 - shareA) : -shareA * (shares[armB] as number));
      });
    });
  }
  const difference = kept.map((arm) => (observed[arm] as number) - (expected[arm] as number));
  const solution = solvePositiveDefinite(covariance, difference);
  return (
    solution &&
    Math.max(
      0,
      difference.reduce((sum, value, index) => sum + value * (solution[index] as number), 0),
    )
  );
}
