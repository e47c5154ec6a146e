import { checkPoint, type SequencePoint } from './asymptotic-sequence.ts';
import { checkAllFinite, checkOpenUnit, checkSaved } from './internal/check.ts';
import { type Failure, failure, type Result } from './result.ts';

export interface EmpiricalBernsteinState {
  readonly count: number;
  readonly sum: number;
  /** Σ(x − regularised mean)², for the next bet. */
  readonly squares: number;
  readonly betTotal: number;
  readonly betSum: number;
  readonly penalty: number;
  readonly best: number;
}

export interface EmpiricalBernsteinBound {
  /** Takes a value ≥ 0; refuses a bad one and stays as it was. */
  add(value: number): Failure | undefined;
  /** Lower confidence bound of the mean now. */
  read(): Result<{ readonly lower: number; readonly count: number; readonly mean: number }>;
  state(): EmpiricalBernsteinState;
}

const LARGEST_BET = 0.5;

/**
 * Above what does a mean lie, if one may look after every value, without any normal approximation? Lower bound for values
 * ≥ 0 whose mean is at most 1; single values may be larger (importance-weighted rewards), with no known limit.
 *
 * Formula: bets λ_t = min(½, √(2 ln(1/α)/(t ln(1+t) σ̂²_{t−1}))), σ̂² with one prior observation of ¼ and mean ½ (capped at
 * 1); L_t = [Σλx − ln(1/α) − Σ(x − μ̂_{t−1})² ψ(λ)]/Σλ, ψ(λ) = −ln(1−λ) − λ, μ̂ the past mean capped at 1; at least 0.
 * `meanIsConstant` takes the largest bound so far; without it the bound is for the bet-weighted average mean so far.
 * Assumes each value's mean given the past is at most 1 (and, for `meanIsConstant`, always the same).
 * Domain: alpha in (0, 1); `add` refuses a value that is negative or not finite. `read` fails as `empty` before the
 * first value. `state()` can be stored and passed back as `saved`.
 * Source: Waudby-Smith and Ramdas, JRSS-B 86 (2024), theorem 2; equal to confseq
 * `predmix_empbern_lower_cs(truncate_mean=True)`.
 */
export function createEmpiricalBernsteinBound(
  options: {
    readonly alpha?: number;
    readonly meanIsConstant?: boolean;
    readonly saved?: EmpiricalBernsteinState;
  } = {},
): Result<{ readonly bound: EmpiricalBernsteinBound }> {
  const { alpha = 0.05, meanIsConstant = false, saved } = options;
  const problem = checkOpenUnit('alpha', alpha) ?? checkSaved(saved);
  if (problem) return problem;
  const logInverse = -Math.log(alpha);
  let { count, sum, squares, betTotal, betSum, penalty, best } = saved ?? {
    count: 0,
    sum: 0,
    squares: 0,
    betTotal: 0,
    betSum: 0,
    penalty: 0,
    best: 0,
  };
  const current = () => Math.max(0, (betSum - logInverse - penalty) / betTotal);
  const bound: EmpiricalBernsteinBound = {
    add(value) {
      if (!(value >= 0 && Number.isFinite(value))) return failure('invalid-argument', 'finite values of at least 0');
      const variance = (0.25 + squares) / (count + 1);
      const pastMean = count === 0 ? 0 : Math.min(1, sum / count);
      count += 1;
      const bet = Math.min(LARGEST_BET, Math.sqrt((2 * logInverse) / (count * Math.log1p(count) * variance)));
      betTotal += bet;
      betSum += bet * value;
      penalty += (value - pastMean) ** 2 * (-Math.log1p(-bet) - bet);
      sum += value;
      squares += (value - Math.min(1, (0.5 + sum) / (count + 1))) ** 2;
      best = Math.max(best, current());
      return undefined;
    },
    read() {
      if (count === 0) return failure('empty', 'at least one value');
      return { ok: true, lower: meanIsConstant ? best : current(), count, mean: sum / count };
    },
    state: () => ({ count, sum, squares, betTotal, betSum, penalty, best }),
  };
  return { ok: true, bound };
}

/**
 * Between what does the mean of values in [0, 1] lie, if one may look at any time?
 *
 * Formula: two {@link createEmpiricalBernsteinBound} at α/2, of x and of 1 − x. Returns one point per value, in order,
 * for drawing. Assumptions and source as there, with a union bound over the two ends.
 * Domain: values in [0, 1], alpha in (0, 1). Fails on no values (`empty`) and on values outside.
 */
export function boundedMeanSequence(
  values: readonly number[],
  options: { readonly alpha?: number; readonly meanIsConstant?: boolean } = {},
): Result<{ readonly points: readonly SequencePoint[] }> {
  const { alpha = 0.05, meanIsConstant = false } = options;
  const problem = checkAllFinite('values', values) ?? checkOpenUnit('alpha', alpha);
  if (problem) return problem;
  const below = createEmpiricalBernsteinBound({ alpha: alpha / 2, meanIsConstant });
  const above = createEmpiricalBernsteinBound({ alpha: alpha / 2, meanIsConstant });
  if (!below.ok) return below;
  if (!above.ok) return above;
  const points: SequencePoint[] = [];
  for (const value of values) {
    if (value < 0 || value > 1) return failure('invalid-argument', 'values in [0, 1]; rescale by known limits');
    below.bound.add(value);
    above.bound.add(1 - value);
    const low = below.bound.read();
    const high = above.bound.read();
    if (!low.ok) return low;
    if (!high.ok) return high;
    points.push({ count: low.count, estimate: low.mean, lower: low.lower, upper: 1 - high.lower, pValue: null, alpha });
  }
  return { ok: true, points };
}

/**
 * What can be said about the difference treatment − control, from one point of each arm? For points of
 * {@link boundedMeanSequence} or `bernoulliInterval`.
 *
 * Formula: [L_b − U_a, U_b − L_a] at alpha = α_a + α_b; no p-value.
 * Assumes each interval covers at its own alpha, nothing on how the arms depend. Domain: finite ends, alphas that sum
 * to less than 1; fails as `not-finite` or `invalid-argument` outside it.
 * Source: Bonferroni's (union) bound.
 */
export function differencePoint(control: SequencePoint, treatment: SequencePoint): Result<SequencePoint> {
  const alpha = control.alpha + treatment.alpha;
  const problem =
    checkPoint('the control point', control) ??
    checkPoint('the treatment point', treatment) ??
    checkOpenUnit('the sum of the alphas', alpha) ??
    checkAllFinite('the ends', [control.lower, control.upper, treatment.lower, treatment.upper]);
  if (problem) return problem;
  return {
    ok: true,
    count: control.count + treatment.count,
    estimate: treatment.estimate - control.estimate,
    lower: treatment.lower - control.upper,
    upper: treatment.upper - control.lower,
    pValue: null,
    alpha,
  };
}
