import { type Answer, isPositive, isWhole, refuse } from '../refusal.ts';
import { type DriftDetector, detected, refuseShare } from './detector.ts';

export interface DdmOptions {
  /** Values before the first verdict. Default 30. */
  readonly warmStart?: number;
  /** Warning at p + s above the minimum by this many s. Default 2. */
  readonly warningThreshold?: number;
  /** Drift at p + s above the minimum by this many s. Default 3. */
  readonly driftThreshold?: number;
}

/**
 * DDM: has a model's error rate risen? The rate p and its deviation s = √(p(1-p)/n) against those at the lowest p + s
 * seen so far: drift at p + s > p₀ + `driftThreshold` · s₀. Reports a rising error rate only. Input 1 = wrong,
 * 0 = right.
 * Defaults and indices as River's. Source: Gama et al. (2004).
 * Assumes independent errors. Refuses thresholds that are not positive and a `warmStart` that is no whole number; `update` refuses
 * values outside [0, 1].
 */
export function createDdm(options: DdmOptions = {}): Answer<{ detector: DriftDetector }> {
  const { warmStart = 30, warningThreshold = 2, driftThreshold = 3 } = options;
  if (!(isWhole(warmStart, 0) && isPositive(warningThreshold) && isPositive(driftThreshold))) {
    return refuse('invalid-option', 'positive thresholds and a whole warmStart', JSON.stringify(options));
  }
  let count = 0;
  let rate = 0;
  let lowestRate = 0;
  let lowestDeviation = 0;
  let lowestSum = Number.POSITIVE_INFINITY;
  let warning = false;
  let resetsNext = false;
  return {
    ok: true,
    detector: {
      update(value) {
        const refusal = refuseShare(value);
        if (refusal) return refusal;
        if (resetsNext) {
          [count, rate] = [0, 0];
          lowestSum = Number.POSITIVE_INFINITY;
          warning = false;
          resetsNext = false;
        }
        count += 1;
        rate += (1 / count) * (value - rate);
        // Rounding can carry the running rate of an all-wrong stream past 1.
        const deviation = Math.sqrt(Math.max(0, rate * (1 - rate)) / count);
        if (count > warmStart) {
          if (rate + deviation <= lowestSum) {
            lowestRate = rate;
            lowestDeviation = deviation;
            lowestSum = rate + deviation;
          }
          warning = rate + deviation > lowestRate + warningThreshold * lowestDeviation;
          if (rate + deviation > lowestRate + driftThreshold * lowestDeviation) {
            resetsNext = true;
            warning = false;
          }
        }
        return detected(resetsNext, warning);
      },
    },
  };
}
