import type { SequencePoint } from './asymptotic-sequence.ts';
import { createEmpiricalBernsteinBound, type EmpiricalBernsteinState } from './empirical-bernstein.ts';
import { checkOpenUnit } from './internal/check.ts';
import { type Failure, failure, type Result } from './result.ts';

export interface OffPolicyObservation {
  /** Reward in [0, 1]. */
  readonly reward: number;
  /** Probability with which the arm taken was taken; may change over time. */
  readonly loggedPropensity: number;
  /** Probability with which the policy in question would have taken it. */
  readonly targetPropensity: number;
}

export interface OffPolicySequenceState {
  readonly below: EmpiricalBernsteinState;
  readonly above: EmpiricalBernsteinState;
}

export interface OffPolicySequence {
  add(observation: OffPolicyObservation): Failure | undefined;
  read(): Result<SequencePoint>;
  state(): OffPolicySequenceState;
}

/**
 * Between what does the value of another policy lie, if one may look after every decision, with changing logging policies
 * and no limit on the weights? Safe but wide: for gates (promote when the difference to the champion is above 0, see
 * `differencePoint`), with `evaluatePolicy` for display.
 *
 * Formula: `createEmpiricalBernsteinBound` at α/2 on w·r for the lower end, and on w·(1−r) for 1 − the upper end.
 * Assumes rewards in [0, 1], exact logged propensities, and a log that could choose every arm the policy would.
 * `valueIsConstant` (default true) keeps the best ends so far; switch it off when the value drifts.
 * Domain: rewards and target propensities in [0, 1], logged ones in (0, 1]; `add` refuses others. `read` fails as
 * `empty` before the first decision.
 * Source: Karampatziakis, Mineiro and Ramdas, ICML 2021; Waudby-Smith, Wu, Ramdas, Karampatziakis and Mineiro 2022
 * (arXiv 2210.10768).
 */
export function createOffPolicySequence(
  options: {
    readonly alpha?: number;
    readonly valueIsConstant?: boolean;
    readonly saved?: OffPolicySequenceState;
  } = {},
): Result<{ readonly sequence: OffPolicySequence }> {
  const { alpha = 0.05, valueIsConstant = true, saved } = options;
  const problem = checkOpenUnit('alpha', alpha);
  if (problem) return problem;
  const settings = { alpha: alpha / 2, meanIsConstant: valueIsConstant };
  const below = createEmpiricalBernsteinBound(saved ? { ...settings, saved: saved.below } : settings);
  const above = createEmpiricalBernsteinBound(saved ? { ...settings, saved: saved.above } : settings);
  if (!below.ok) return below;
  if (!above.ok) return above;
  const sequence: OffPolicySequence = {
    add({ reward, loggedPropensity, targetPropensity }) {
      if (!(reward >= 0 && reward <= 1))
        return failure('invalid-argument', 'rewards in [0, 1]; rescale by known limits');
      if (!(loggedPropensity > 0 && loggedPropensity <= 1)) {
        return failure('no-support', 'a logged propensity in (0, 1]');
      }
      if (!(targetPropensity >= 0 && targetPropensity <= 1)) {
        return failure('invalid-argument', 'a target propensity in [0, 1]');
      }
      const weight = targetPropensity / loggedPropensity;
      return below.bound.add(weight * reward) ?? above.bound.add(weight * (1 - reward));
    },
    read() {
      const low = below.bound.read();
      const high = above.bound.read();
      if (!low.ok) return low;
      if (!high.ok) return high;
      const upper = 1 - high.lower;
      const estimate = Math.min(Math.max(low.mean, low.lower), Math.max(upper, low.lower));
      return { ok: true, count: low.count, estimate, lower: low.lower, upper, pValue: null, alpha };
    },
    state: () => ({ below: below.bound.state(), above: above.bound.state() }),
  };
  return { ok: true, sequence };
}
