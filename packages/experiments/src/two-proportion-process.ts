import { checkCount, checkOpenUnit, checkPositive, checkSaved, firstFailure } from './internal/check.ts';
import { checkProportion, type ProportionSummary } from './proportions.ts';
import { type Failure, failure, type Result } from './result.ts';

export interface TwoProportionState {
  readonly logEValue: number;
  readonly control: ProportionSummary;
  readonly treatment: ProportionSummary;
}

export interface TwoProportionProcess {
  /** Takes the next block of outcomes; refuses a bad one and stays as it was. */
  add(block: { readonly control: ProportionSummary; readonly treatment: ProportionSummary }): Failure | undefined;
  read(): Result<{
    readonly logEValue: number;
    readonly pValue: number;
    readonly isDifferent: boolean;
    readonly control: ProportionSummary;
    readonly treatment: ProportionSummary;
  }>;
  state(): TwoProportionState;
}

/**
 * Are two success rates different, if one may look after every block? Exact at every sample size.
 *
 * Formula: per block of n_a and n_b outcomes E *= Π p̂_arm(y)/p̂₀(y), p̂ the posterior mean of each arm from earlier blocks
 * under a Beta(0.18, 0.18) prior and p̂₀ = (n_a p̂_a + n_b p̂_b)/(n_a + n_b).
 * Assumes a success probability common to both arms and constant within a block under the null (it may change between
 * blocks), and block sizes fixed without seeing the block's outcomes. Small blocks are best.
 * Domain: non-negative whole counts; a block with an empty arm carries no evidence and is still learnt from. `read` fails
 * as `empty` before the first outcome of both arms.
 * Source: Turner, Ly and Grünwald, JSPI 232 (2024), arXiv 2106.02693.
 */
export function createTwoProportionProcess(
  options: {
    readonly alpha?: number;
    readonly priorSuccesses?: number;
    readonly priorFailures?: number;
    readonly saved?: TwoProportionState;
  } = {},
): Result<{ readonly process: TwoProportionProcess }> {
  const { alpha = 0.05, priorSuccesses = 0.18, priorFailures = 0.18, saved } = options;
  const problem = firstFailure(
    checkOpenUnit('alpha', alpha),
    checkPositive('priorSuccesses', priorSuccesses),
    checkPositive('priorFailures', priorFailures),
    checkSaved(saved),
  );
  if (problem) return problem;
  let state: TwoProportionState = saved ?? {
    logEValue: 0,
    control: { successes: 0, count: 0 },
    treatment: { successes: 0, count: 0 },
  };
  const rate = (arm: ProportionSummary) =>
    (priorSuccesses + arm.successes) / (priorSuccesses + priorFailures + arm.count);
  const process: TwoProportionProcess = {
    add({ control, treatment }) {
      const bad =
        checkProportion('control', control, 0) ??
        checkProportion('treatment', treatment, 0) ??
        checkCount('the block', control.count + treatment.count, 1);
      if (bad) return bad;
      const [a, b] = [rate(state.control), rate(state.treatment)];
      const common = (control.count * a + treatment.count * b) / (control.count + treatment.count);
      const gain = (arm: ProportionSummary, p: number) =>
        arm.successes * Math.log(p / common) + (arm.count - arm.successes) * Math.log((1 - p) / (1 - common));
      state = {
        logEValue: state.logEValue + gain(control, a) + gain(treatment, b),
        control: merge(state.control, control),
        treatment: merge(state.treatment, treatment),
      };
      return undefined;
    },
    read() {
      if (state.control.count === 0 || state.treatment.count === 0) {
        return failure('empty', 'at least one outcome in each arm');
      }
      return {
        ok: true,
        ...state,
        pValue: Math.min(1, Math.exp(-state.logEValue)),
        isDifferent: state.logEValue >= -Math.log(alpha),
      };
    },
    state: () => state,
  };
  return { ok: true, process };
}

function merge(a: ProportionSummary, b: ProportionSummary): ProportionSummary {
  return { successes: a.successes + b.successes, count: a.count + b.count };
}
