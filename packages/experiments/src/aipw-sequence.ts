import { mixtureConstant, type SequencePoint } from './asymptotic-sequence.ts';
import { checkCount, checkOpenUnit, checkPositive, checkSaved, firstFailure } from './internal/check.ts';
import { type AdaptiveObservation, checkAdaptive } from './model-x.ts';
import { type Failure, failure, type Result } from './result.ts';

export interface AipwState {
  /** Whether the first outcome has been seen; it only sets the first m̂. */
  readonly hasBaseline: boolean;
  readonly count: number;
  readonly controlCount: number;
  readonly treatmentCount: number;
  readonly controlMean: number;
  readonly treatmentMean: number;
  readonly mean: number;
  readonly squares: number;
  /** Σ(Y − m̂)² and Σ1/π of each arm, the latter over all compared requests. */
  readonly controlResiduals: number;
  readonly treatmentResiduals: number;
  readonly controlInverse: number;
  readonly treatmentInverse: number;
  /** ρ², fixed when the minimum count is reached; null before. */
  readonly mixtureVariance: number | null;
}

export interface AipwSequence {
  /** Takes the next outcome in the order of assignment; refuses a bad one and stays as it was. */
  add(observation: AdaptiveObservation): Failure | undefined;
  /** The point now; refuses before the minimum counts. */
  read(): Result<SequencePoint>;
  state(): AipwState;
}

export interface AipwOptions {
  /** N*: compared requests at which a decision is expected; fix it before the start. */
  readonly horizonCount: number;
  /** Default 0.05. */
  readonly alpha?: number;
  /** Compared requests before the first answer. Default 500. */
  readonly minimumCount?: number;
  /** Requests of each arm before the first answer. Default 100. */
  readonly minimumPerArm?: number;
  /** Effective number of past outcomes in each arm's running mean; shorter follows drift faster. Default 1000. */
  readonly memory?: number;
  readonly saved?: AipwState;
}

const START: AipwState = {
  hasBaseline: false,
  count: 0,
  controlCount: 0,
  treatmentCount: 0,
  controlMean: 0,
  treatmentMean: 0,
  mean: 0,
  squares: 0,
  controlResiduals: 0,
  treatmentResiduals: 0,
  controlInverse: 0,
  treatmentInverse: 0,
  mixtureVariance: null,
};

/**
 * How large is the effect treatment − control, under a bandit or a ramp, if one may look at any time? Estimates the average
 * over requests of the effect at each request's time, so it stays meaningful when the base rate drifts.
 *
 * Formula: φ_t = m̂_b − m̂_a + 1{A=b}(Y − m̂_b)/π_b − 1{A=a}(Y − m̂_a)/π_a, m̂ running means of the past; estimate the
 * mean of φ (the first outcome only sets the first m̂); half-width √((n v̂ρ²+1)/(n²ρ²)·ln((n v̂ρ²+1)/α²)); ρ² =
 * c/(N*·v̂) fixed at the first answer. p solves the half-width for α. v̂ is the larger of the running variance of φ and
 * Σ_c s_c²·mean(1/π_c), s_c² the mean squared residual of arm c. The second is what makes it hold under a bandit: while
 * an arm is starved, its rare, heavy φ are missing from the estimate and from the plain variance alike, and 8 % instead
 * of 5 % of such sequences would miss.
 * Assumes exact logged propensities, bounded away from 0 (a floor of 0.05 or more: the approximation is asymptotic and
 * small propensities make φ heavy-tailed; the simulation table shows the error), and that requests of other arms are left
 * out with the two propensities as logged. Domain and failures as `createModelXProcess`; `read` refuses before the
 * minimum counts (`too-few-rows`) and on constant φ.
 * Source: Waudby-Smith et al., Annals of Statistics 52 (2024), proposition 2.5 and section 3; for the pseudo-outcomes
 * Robins, Rotnitzky and Zhao 1994.
 */
export function createAipwSequence(options: AipwOptions): Result<{ readonly sequence: AipwSequence }> {
  const { alpha = 0.05, horizonCount, minimumCount = 500, minimumPerArm = 100, memory = 1000, saved } = options;
  const problem = firstFailure(
    checkOpenUnit('alpha', alpha),
    checkPositive('horizonCount', horizonCount),
    checkPositive('memory', memory),
    checkCount('minimumCount', minimumCount, 2),
    checkCount('minimumPerArm', minimumPerArm, 1),
    checkSaved(saved),
  );
  if (problem) return problem;
  let { count, controlCount, treatmentCount, controlMean, treatmentMean, mean, squares, mixtureVariance }: AipwState =
    saved ?? START;
  let { controlResiduals, treatmentResiduals, controlInverse, treatmentInverse }: AipwState = saved ?? START;
  let hasBaseline = saved?.hasBaseline ?? false;
  const variance = () =>
    Math.max(
      squares / count,
      ((controlResiduals / controlCount) * controlInverse + (treatmentResiduals / treatmentCount) * treatmentInverse) /
        count,
    );
  const isReady = () => count >= minimumCount && controlCount >= minimumPerArm && treatmentCount >= minimumPerArm;
  const sequence: AipwSequence = {
    add(observation) {
      const bad = checkAdaptive(observation);
      if (bad) return bad;
      const { controlPropensity, treatmentPropensity, arm, outcome } = observation;
      // Only the two compared arms are counted, so their propensities are conditional on being one of them.
      const share = treatmentPropensity / (controlPropensity + treatmentPropensity);
      if (!hasBaseline) {
        // Without a past there is no m̂, and a first guess of 0 would make one enormous φ of outcomes far from 0.
        controlMean = outcome;
        treatmentMean = outcome;
        hasBaseline = true;
        return undefined;
      }
      // An arm not seen yet borrows the other's mean: the pseudo-outcome stays unbiased whatever is borrowed.
      const a = controlCount > 0 || treatmentCount === 0 ? controlMean : treatmentMean;
      const b = treatmentCount > 0 || controlCount === 0 ? treatmentMean : controlMean;
      const correction = arm === 'treatment' ? (outcome - b) / share : -(outcome - a) / (1 - share);
      const pseudoOutcome = b - a + correction;
      count += 1;
      const step = pseudoOutcome - mean;
      mean += step / count;
      squares += step * (pseudoOutcome - mean);
      treatmentInverse += 1 / share;
      controlInverse += 1 / (1 - share);
      if (arm === 'treatment') {
        treatmentCount += 1;
        treatmentResiduals += (outcome - b) ** 2;
        treatmentMean += (outcome - treatmentMean) * Math.max(1 / treatmentCount, 1 / memory);
      } else {
        controlCount += 1;
        controlResiduals += (outcome - a) ** 2;
        controlMean += (outcome - controlMean) * Math.max(1 / controlCount, 1 / memory);
      }
      if (mixtureVariance === null && squares > 0 && isReady()) {
        mixtureVariance = mixtureConstant(alpha) / (horizonCount * variance());
      }
      return undefined;
    },
    read() {
      if (count === 0) return failure('empty', 'at least one outcome');
      if (!isReady()) {
        return failure(
          'too-few-rows',
          `${minimumCount} compared requests and ${minimumPerArm} in each arm; there are ${count} (${controlCount} and ${treatmentCount})`,
        );
      }
      if (mixtureVariance === null) return failure('constant', 'outcomes that vary');
      const spread = count * variance() * mixtureVariance + 1;
      const half = Math.sqrt((spread / (count * count * mixtureVariance)) * Math.log(spread / (alpha * alpha)));
      const logP = 0.5 * Math.log(spread) - ((mean * count) ** 2 * mixtureVariance) / (2 * spread);
      return {
        ok: true,
        count,
        estimate: mean,
        lower: mean - half,
        upper: mean + half,
        pValue: Math.min(1, Math.exp(logP)),
        alpha,
      };
    },
    state: () => ({
      hasBaseline,
      count,
      controlCount,
      treatmentCount,
      controlMean,
      treatmentMean,
      mean,
      squares,
      controlResiduals,
      treatmentResiduals,
      controlInverse,
      treatmentInverse,
      mixtureVariance,
    }),
  };
  return { ok: true, sequence };
}
