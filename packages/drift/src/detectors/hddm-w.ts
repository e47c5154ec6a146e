import { type Answer, isProbability, refuse } from '../refusal.ts';
import { type DriftDetector, detected, refuseShare } from './detector.ts';
import type { HddmOptions } from './hddm-a.ts';

/** An exponentially weighted mean with the sum of its squared weights, which McDiarmid's bound needs. */
interface WeightedMean {
  readonly mean: number;
  readonly squaredWeights: number;
  readonly hasStarted: boolean;
}

const EMPTY: WeightedMean = { mean: 0, squaredWeights: 1, hasStarted: false };

/**
 * HDDM-W: has the mean of a stream risen (with `twoSided`: changed)? Exponentially weighted means before and after the
 * best cut point, by McDiarmid's bound: drift at a difference above √(½ (Σw² before + Σw² after) ln(1/confidence)), w
 * the weights of the values. Faster than HDDM-A on gradual change. For values in [0, 1]. `lambda` is the weight of the
 * newest value (default 0.05).
 * Defaults and indices as River's. Source: Frías-Blanco et al. (2015).
 * Assumes independent values. Refuses confidences and lambda outside (0, 1); `update` refuses values outside [0, 1].
 */
export function createHddmW(
  options: HddmOptions & { readonly lambda?: number } = {},
): Answer<{ detector: DriftDetector }> {
  const { driftConfidence = 0.001, warningConfidence = 0.005, twoSided = false, lambda = 0.05 } = options;
  if (!isProbability(driftConfidence) || !isProbability(warningConfidence) || !isProbability(lambda)) {
    return refuse('invalid-option', 'confidences and lambda between 0 and 1', JSON.stringify(options));
  }
  const add = (sample: WeightedMean, value: number): WeightedMean => ({
    mean: sample.hasStarted ? lambda * value + (1 - lambda) * sample.mean : value,
    squaredWeights: lambda * lambda + (1 - lambda) ** 2 * sample.squaredWeights,
    hasStarted: true,
  });
  const bound = (squaredWeights: number, confidence: number): number =>
    Math.sqrt((squaredWeights * Math.log(1 / confidence)) / 2);
  const exceeds = (low: WeightedMean, high: WeightedMean, confidence: number): boolean =>
    low.hasStarted &&
    high.hasStarted &&
    high.mean - low.mean > bound(low.squaredWeights + high.squaredWeights, confidence);

  let all = EMPTY;
  let rise = { before: EMPTY, after: EMPTY, cut: Number.POSITIVE_INFINITY };
  let fall = { before: EMPTY, after: EMPTY, cut: Number.NEGATIVE_INFINITY };
  let resetsNext = false;
  return {
    ok: true,
    detector: {
      update(value) {
        const refusal = refuseShare(value);
        if (refusal) return refusal;
        if (resetsNext) {
          all = EMPTY;
          rise = { before: EMPTY, after: EMPTY, cut: Number.POSITIVE_INFINITY };
          fall = { before: EMPTY, after: EMPTY, cut: Number.NEGATIVE_INFINITY };
        }
        all = add(all, value);
        const width = bound(all.squaredWeights, driftConfidence);
        if (all.mean + width < rise.cut) rise = { before: all, after: EMPTY, cut: all.mean + width };
        else rise.after = add(rise.after, value);
        if (all.mean - width > fall.cut) fall = { before: all, after: EMPTY, cut: all.mean - width };
        else fall.after = add(fall.after, value);
        let drift = exceeds(rise.before, rise.after, driftConfidence);
        let warning = !drift && exceeds(rise.before, rise.after, warningConfidence);
        if (twoSided) {
          if (exceeds(fall.after, fall.before, driftConfidence)) drift = true;
          else if (exceeds(fall.after, fall.before, warningConfidence)) warning = true;
        }
        resetsNext = drift;
        return detected(drift, warning);
      },
    },
  };
}
