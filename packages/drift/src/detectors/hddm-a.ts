import { type Answer, isProbability, refuse } from '../refusal.ts';
import { type DriftDetector, detected, refuseShare } from './detector.ts';

export interface HddmOptions {
  /** Default 0.001. */
  readonly driftConfidence?: number;
  /** Default 0.005. */
  readonly warningConfidence?: number;
  /** Also report a falling mean. Default false. */
  readonly twoSided?: boolean;
}

interface RunningMean {
  count: number;
  mean: number;
}

/**
 * HDDM-A: has the mean of a stream risen (with `twoSided`: changed)? The mean of all n values against that of the c
 * values up to the best cut point, by Hoeffding's bound: drift at a difference of √((n-c)/(2cn) · ln(2/confidence)) or
 * more. For values in [0, 1], such as errors. Makes no assumption on their distribution.
 * Defaults and indices as River's. Source: Frías-Blanco et al. (2015).
 * Assumes independent values. Refuses confidences outside (0, 1); `update` refuses values outside [0, 1].
 */
export function createHddmA(options: HddmOptions = {}): Answer<{ detector: DriftDetector }> {
  const { driftConfidence = 0.001, warningConfidence = 0.005, twoSided = false } = options;
  if (!isProbability(driftConfidence) || !isProbability(warningConfidence)) {
    return refuse('invalid-option', 'confidences between 0 and 1', JSON.stringify(options));
  }
  let all: RunningMean = { count: 0, mean: 0 };
  let lowest: RunningMean = { count: 0, mean: 0 };
  let highest: RunningMean = { count: 0, mean: 0 };
  let resetsNext = false;
  const bound = (count: number): number => Math.sqrt((1 / (2 * count)) * Math.log(1 / driftConfidence));
  const gapBound = (cut: RunningMean, confidence: number): number => {
    const inverse = ((all.count - cut.count) / cut.count) * (1 / all.count);
    return Math.sqrt((inverse / 2) * Math.log(2 / confidence));
  };
  const hasRisen = (confidence: number): boolean =>
    lowest.count !== all.count && all.mean - lowest.mean >= gapBound(lowest, confidence);
  const hasFallen = (confidence: number): boolean =>
    highest.count !== all.count && highest.mean - all.mean >= gapBound(highest, confidence);
  return {
    ok: true,
    detector: {
      update(value) {
        const refusal = refuseShare(value);
        if (refusal) return refusal;
        if (resetsNext) {
          all = { count: 0, mean: 0 };
          lowest = { count: 0, mean: 0 };
          highest = { count: 0, mean: 0 };
        }
        all.count += 1;
        all.mean += (1 / all.count) * (value - all.mean);
        if (lowest.count === 0) lowest = { ...all };
        if (highest.count === 0) highest = { ...all };
        const width = bound(all.count);
        if (lowest.mean + bound(lowest.count) >= all.mean + width) lowest = { ...all };
        if (highest.mean - bound(highest.count) <= all.mean - width) highest = { ...all };
        let drift = hasRisen(driftConfidence);
        let warning = !drift && hasRisen(warningConfidence);
        if (twoSided) {
          if (hasFallen(driftConfidence)) drift = true;
          else if (hasFallen(warningConfidence)) warning = true;
        }
        resetsNext = drift;
        return detected(drift, warning);
      },
    },
  };
}
