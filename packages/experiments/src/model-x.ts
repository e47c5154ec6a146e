import { checkOpenUnit, checkPositive, checkSaved } from './internal/check.ts';
import { logSumExp } from './internal/numeric.ts';
import { type Failure, failure, type Result } from './result.ts';

/** One outcome of a request assigned at random, with the chances it was assigned with. */
export interface AdaptiveObservation {
  /** Probability of the control and of the treatment for this request, as logged; others arms may hold the rest. */
  readonly controlPropensity: number;
  readonly treatmentPropensity: number;
  readonly arm: 'control' | 'treatment';
  readonly outcome: number;
}

export interface ModelXOptions {
  /** `binary`: outcomes 0 or 1. `log-normal`: positive outcomes such as latency or cost. `normal`: any real outcome. */
  readonly outcome: 'binary' | 'log-normal' | 'normal';
  /** Where the evidence looks. The null is "no effect whatsoever" in every case. Default `either`. */
  readonly direction?: 'either' | 'increase' | 'decrease';
  /** Default 0.05. */
  readonly alpha?: number;
  /** Effective number of past outcomes in the running baseline; shorter follows drift faster. Default 500. */
  readonly memory?: number;
  readonly saved?: ModelXState;
}

export interface ModelXState {
  readonly logEValues: readonly number[];
  readonly count: number;
  readonly mean: number;
  readonly variance: number;
}

export interface ModelXEvidence {
  readonly logEValue: number;
  readonly pValue: number;
  readonly isDifferent: boolean;
  readonly count: number;
}

export interface ModelXProcess {
  /** Takes the next outcome in the order of assignment; refuses a bad one and stays as it was. */
  add(observation: AdaptiveObservation): Failure | undefined;
  read(): Result<ModelXEvidence>;
  state(): ModelXState;
}

// Effects the mixture bets on: log-odds for binary outcomes, standard deviations otherwise.
const BINARY_EFFECTS = [0.15, 0.3, 0.5, 0.8, 1.2];
const SCALED_EFFECTS = [0.05, 0.1, 0.2, 0.4, 0.8];

/**
 * Does the arm matter at all, under a bandit, a ramp, drift and any number of looks? Exact: the only thing it trusts is the
 * logged assignment probability, which a gateway knows.
 *
 * Formula: E_t = Π f̂_{A_t}(Y_t)/Σ_c π_t(c) f̂_c(Y_t) with any predictive density f̂ fixed before the outcome; under "outcome
 * independent of arm given the past and the context" each factor has mean 1. Requests of other arms are to be left out; the
 * two propensities are renormalised, which keeps the factor exact.
 * f̂ here: running baseline b_t of past outcomes, shifted by θ(1{c = treatment} − π_t(treatment)): on the logit scale for
 * binary outcomes, in standard deviations of (the logarithm of) the outcome otherwise; the e-processes of a grid of θ are
 * averaged. A poor f̂ costs power, never validity.
 * Assumes only that the logged propensities are those the arm was drawn with and that f̂ saw the past alone.
 * It answers yes or no; for the size of the effect see `createAipwSequence`.
 * Domain: both propensities > 0, sum ≤ 1; outcome as declared. `read` fails as `empty` before the first outcome.
 * Source: Grünwald, Henzi and Lardy, JASA 119 (2024), arXiv 2209.12637.
 */
export function createModelXProcess(options: ModelXOptions): Result<{ readonly process: ModelXProcess }> {
  const { alpha = 0.05, memory = 500, direction = 'either', saved, outcome } = options;
  const problem = checkOpenUnit('alpha', alpha) ?? checkPositive('memory', memory) ?? checkSaved(saved);
  if (problem) return problem;
  if (outcome !== 'binary' && outcome !== 'normal' && outcome !== 'log-normal') {
    return failure('invalid-argument', "outcome must be 'binary', 'normal' or 'log-normal'");
  }
  const isBinary = outcome === 'binary';
  const effects = (isBinary ? BINARY_EFFECTS : SCALED_EFFECTS).flatMap((size) =>
    direction === 'either' ? [size, -size] : [direction === 'increase' ? size : -size],
  );
  if (saved && saved.logEValues.length !== effects.length) {
    return failure('length-mismatch', `a saved state with ${effects.length} alternatives`);
  }
  const logEValues = Float64Array.from(saved?.logEValues ?? effects.map(() => 0));
  let count = saved?.count ?? 0;
  // Before any outcome: even odds for binary; the first outcome only sets the baseline for the others.
  let mean = saved?.mean ?? (isBinary ? 0.5 : 0);
  let variance = saved?.variance ?? 0;

  const addBinary = (isTreatment: boolean, share: number, y: number) => {
    const base = Math.min(Math.max(mean, 1e-6), 1 - 1e-6);
    const baseLogit = Math.log(base / (1 - base));
    for (let index = 0; index < effects.length; index += 1) {
      const effect = effects[index] as number;
      const treated = 1 / (1 + Math.exp(-baseLogit - effect * (1 - share)));
      const untreated = 1 / (1 + Math.exp(-baseLogit + effect * share));
      const likelyTreated = y === 1 ? treated : 1 - treated;
      const likelyUntreated = y === 1 ? untreated : 1 - untreated;
      const mixed = share * likelyTreated + (1 - share) * likelyUntreated;
      logEValues[index] =
        (logEValues[index] as number) + Math.log((isTreatment ? likelyTreated : likelyUntreated) / mixed);
    }
    // One prior success and failure: the first estimates stay inside (0, 1).
    mean += (y - mean) * Math.max(1 / (count + 3), 1 / memory);
  };

  const addScaled = (isTreatment: boolean, share: number, y: number) => {
    if (count >= 2 && variance > 0) {
      const z = (y - mean) / Math.sqrt(variance);
      for (let index = 0; index < effects.length; index += 1) {
        const effect = effects[index] as number;
        // ln of the two normal densities, up to the constant they share.
        const treated = -0.5 * (z - effect * (1 - share)) ** 2;
        const untreated = -0.5 * (z + effect * share) ** 2;
        const gain = isTreatment
          ? -Math.log(share + (1 - share) * Math.exp(untreated - treated))
          : -Math.log(1 - share + share * Math.exp(treated - untreated));
        logEValues[index] = (logEValues[index] as number) + gain;
      }
    }
    const rate = Math.max(1 / (count + 1), 1 / memory);
    const step = y - mean;
    mean += step * rate;
    variance = (1 - rate) * (variance + rate * step * step);
  };

  const process: ModelXProcess = {
    add(observation) {
      const { controlPropensity, treatmentPropensity, arm, outcome: value } = observation;
      const bad = checkAdaptive(observation);
      if (bad) return bad;
      if (isBinary && value !== 0 && value !== 1) return failure('invalid-argument', 'outcomes 0 or 1');
      if (outcome === 'log-normal' && !(value > 0)) return failure('invalid-argument', 'outcomes above 0');
      const share = treatmentPropensity / (controlPropensity + treatmentPropensity);
      if (isBinary) addBinary(arm === 'treatment', share, value);
      else addScaled(arm === 'treatment', share, outcome === 'log-normal' ? Math.log(value) : value);
      count += 1;
      return undefined;
    },
    read() {
      if (count === 0) return failure('empty', 'at least one outcome');
      const logEValue = logSumExp(logEValues) - Math.log(effects.length);
      return {
        ok: true,
        logEValue,
        pValue: Math.min(1, Math.exp(-logEValue)),
        isDifferent: logEValue >= -Math.log(alpha),
        count,
      };
    },
    state: () => ({ logEValues: [...logEValues], count, mean, variance }),
  };
  return { ok: true, process };
}

/**
 * How much does one outcome speak against "the arm does not matter", under a predictive density of your own? One factor
 * of the e-process of {@link createModelXProcess}.
 *
 * Formula: ln(f̂_A(y)/Σ_c π_c f̂_c(y)); `densities` holds f̂_c(y) of every arm at the outcome that was seen,
 * `propensities` π. Sum over requests for ln E (−∞ once the density of the arm taken was 0).
 * Assumes the densities were fixed before the outcome was seen and the propensities are exact.
 * Domain: as many densities (finite, ≥ 0) as propensities (in [0, 1], sum 1). Fails outside it, when the arm taken has
 * a propensity of 0 (`no-support`) and when Σπf̂ is 0 (`no-solution`). Source: as there.
 */
export function modelXLogFactor(
  densities: readonly number[],
  propensities: readonly number[],
  arm: number,
): Result<{ readonly logFactor: number }> {
  if (densities.length !== propensities.length) return failure('length-mismatch', 'one density for each propensity');
  let mixed = 0;
  let total = 0;
  for (let index = 0; index < densities.length; index += 1) {
    const [density, share] = [densities[index] as number, propensities[index] as number];
    if (!(density >= 0 && Number.isFinite(density))) return failure('not-finite', 'densities that are finite and ≥ 0');
    if (!(share >= 0 && share <= 1)) return failure('invalid-argument', 'propensities in [0, 1]');
    mixed += share * density;
    total += share;
  }
  if (Math.abs(total - 1) > 1e-9) return failure('invalid-argument', 'propensities that sum to 1');
  const share = propensities[arm];
  if (share === undefined || share === 0) return failure('no-support', 'an arm whose propensity is above 0');
  if (!(mixed > 0)) return failure('no-solution', 'a density above 0 for an arm with a share');
  return { ok: true, logFactor: Math.log((densities[arm] as number) / mixed) };
}

export function checkAdaptive(observation: AdaptiveObservation): Failure | undefined {
  const { controlPropensity, treatmentPropensity, arm, outcome } = observation;
  if (!(controlPropensity > 0 && treatmentPropensity > 0)) {
    return failure('no-support', 'a propensity above 0 for both arms: without it nothing can be compared');
  }
  if (!(controlPropensity + treatmentPropensity <= 1 + 1e-9)) {
    return failure('invalid-argument', 'propensities that sum to at most 1');
  }
  if (arm !== 'control' && arm !== 'treatment') return failure('invalid-argument', "arm 'control' or 'treatment'");
  return Number.isFinite(outcome) ? undefined : failure('not-finite', 'a finite outcome');
}
