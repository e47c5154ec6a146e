import { logBeta, logGamma } from '@switchyard/special-functions';
import { checkOpenUnit, checkPositive, checkSameLength, checkSaved, checkShares } from './internal/check.ts';
import { logSumExp } from './internal/numeric.ts';
import { type Failure, failure, type Result } from './result.ts';
import { type AssignmentEpoch, checkEpoch } from './sample-ratio.ts';

export interface SampleRatioEvidence {
  /** Natural logarithm of the e-value against "the shares are as intended". */
  readonly logEValue: number;
  /** min(1, 1/E) at this moment. */
  readonly pValue: number;
  /** E ≥ 1/alpha now. Alert the first time this holds; it stays valid however often it is looked at. */
  readonly isMismatch: boolean;
}

/**
 * Is the split broken, if one looks after every unit? Constant shares.
 *
 * Formula: Dirichlet mixture against the multinomial, ln E = ln B(kθ₀ + S) − ln B(kθ₀) − Σ S_j ln θ₀_j with
 * ln B(v) = Σ ln Γ(v_i) − ln Γ(Σ v_i); alert when E ≥ 1/alpha. `concentration` k says how near the intended shares a
 * broken split is expected (default 100: about ±10 % of a share).
 * Assumes units independent given the shares. Domain: at least two arms with a share, shares that sum to 1, whole
 * counts; fails as `one-class`, `length-mismatch` or `invalid-argument` outside it. Zero-share arms must be empty
 * (`traffic-without-share`). With no unit yet it fails as `empty`. Counts are cumulative. Also the exact comparison of
 * event counts of arms with equal exposure (`compareEventCounts`).
 * Source: Lindon and Malek, NeurIPS 2022 (arXiv 2011.03567).
 */
export function sampleRatioEvidence(
  assignments: AssignmentEpoch,
  options: { readonly alpha?: number; readonly concentration?: number } = {},
): Result<SampleRatioEvidence> {
  const { alpha = 0.001, concentration = 100 } = options;
  const problem =
    checkEpoch('assignments', assignments) ??
    checkOpenUnit('alpha', alpha) ??
    checkPositive('concentration', concentration);
  if (problem) return problem;
  const live = assignments.shares.map((_, arm) => arm).filter((arm) => (assignments.shares[arm] as number) > 0);
  const total = assignments.counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return failure('empty', 'at least one assigned unit');
  if (live.length < 2) return failure('one-class', 'at least two arms with a share above 0');
  return evidence(
    dirichletLogE(
      live.map((arm) => assignments.shares[arm] as number),
      live.map((arm) => assignments.counts[arm] as number),
      concentration,
    ),
    alpha,
  );
}

export function dirichletLogE(shares: readonly number[], counts: readonly number[], concentration: number): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (shares.length === 2) {
    // logBeta keeps digits that the three large log-gammas would cancel away.
    const [p, q] = shares as [number, number];
    const [s, f] = counts as [number, number];
    const gain = logBeta(concentration * p + s, concentration * q + f) - logBeta(concentration * p, concentration * q);
    return gain - s * Math.log(p) - f * Math.log(q);
  }
  let sum = logGamma(concentration) - logGamma(concentration + total);
  shares.forEach((share, arm) => {
    const count = counts[arm] as number;
    sum += logGamma(concentration * share + count) - logGamma(concentration * share) - count * Math.log(share);
  });
  return sum;
}

function evidence(logEValue: number, alpha: number): Result<SampleRatioEvidence> {
  if (Number.isNaN(logEValue)) return failure('not-finite', 'counts and shares for which the e-value is finite');
  return {
    ok: true,
    logEValue,
    pValue: Math.min(1, Math.exp(-logEValue)),
    isMismatch: logEValue >= -Math.log(alpha),
  };
}

export interface SampleRatioProcessState {
  /** ln E of each alternative, in the order of the arms and tilts. */
  readonly logEValues: readonly number[];
  readonly count: number;
}

export interface SampleRatioProcess {
  /** Takes the arrivals of one stretch of constant shares; refuses a bad one and stays as it was. */
  add(epoch: AssignmentEpoch): Failure | undefined;
  /** Evidence so far. */
  read(): Result<SampleRatioEvidence & { readonly count: number }>;
  state(): SampleRatioProcessState;
}

const TILTS = [0.02, 0.05, 0.1, 0.2, 0.4, 0.8].flatMap((size) => [size, -size]);

/**
 * Is the split broken, if shares change over time (ramps, bandits) and one looks after every epoch?
 *
 * Formula: for each arm j and tilt θ of a small grid, E = Π p(A_t)/π_t(A_t) with p(i) ∝ π_t(i)·exp(θ·1{i = j}): an exact
 * martingale whatever the shares, as long as they were fixed before each unit arrived. The evidence is their average.
 * Assumptions, domain and failures as {@link sampleRatioEvidence}, for every epoch; `state()` can be stored and passed
 * back as `saved`.
 * Source: as there, generalised to varying shares by exponential tilting.
 */
export function createSampleRatioProcess(
  arms: number,
  options: { readonly alpha?: number; readonly saved?: SampleRatioProcessState } = {},
): Result<{ readonly process: SampleRatioProcess }> {
  const { alpha = 0.001, saved } = options;
  if (!Number.isSafeInteger(arms) || arms < 2) return failure('invalid-argument', 'at least two arms');
  const problem = checkOpenUnit('alpha', alpha) ?? checkSaved(saved);
  if (problem) return problem;
  // With two arms a tilt of one is the opposite tilt of the other.
  const tilted = arms === 2 ? 1 : arms;
  const size = tilted * TILTS.length;
  if (saved && saved.logEValues.length !== size) {
    return failure('length-mismatch', `a saved state with ${size} alternatives`);
  }
  const logEValues = saved ? [...saved.logEValues] : new Array<number>(size).fill(0);
  let count = saved?.count ?? 0;
  const process: SampleRatioProcess = {
    add(epoch) {
      const bad =
        checkSameLength('shares', epoch.shares.length, arms) ??
        checkShares('shares', epoch.shares) ??
        checkEpoch('epoch', epoch);
      if (bad) return bad;
      const total = epoch.counts.reduce((sum, value) => sum + value, 0);
      for (let arm = 0; arm < tilted; arm += 1) {
        const share = epoch.shares[arm] as number;
        const seen = epoch.counts[arm] as number;
        TILTS.forEach((tilt, index) => {
          const position = arm * TILTS.length + index;
          const gain = seen * tilt - total * Math.log1p(share * Math.expm1(tilt));
          logEValues[position] = (logEValues[position] as number) + gain;
        });
      }
      count += total;
      return undefined;
    },
    read() {
      if (count === 0) return failure('empty', 'at least one assigned unit');
      const result = evidence(logSumExp(logEValues) - Math.log(size), alpha);
      return result.ok ? { ...result, count } : result;
    },
    state: () => ({ logEValues: [...logEValues], count }),
  };
  return { ok: true, process };
}
