import { type Answer, isWhole, refuse } from '../refusal.ts';
import { type DriftDetector, detected, refuseShare } from './detector.ts';

export interface EddmOptions {
  /** Values, and errors, before the first verdict. Default 30. */
  readonly warmStart?: number;
  /** Warning when the distance between errors falls below this share of its best. Default 0.95. */
  readonly alpha?: number;
  /** Drift when it falls below this share. Default 0.9. */
  readonly beta?: number;
}

/**
 * EDDM: do a model's errors come closer together? The mean distance between errors plus two deviations, as a share of
 * the largest seen: drift below `beta`, warning below `alpha`. Finds slow degradation that DDM misses. Input 1 = wrong,
 * anything else = right.
 * Defaults and indices as River's. Source: Baena-García et al. (2006).
 * Assumes independent errors. Refuses unless 0 < beta ≤ alpha ≤ 1, and a `warmStart` that is no whole number; `update` refuses values
 * outside [0, 1].
 */
export function createEddm(options: EddmOptions = {}): Answer<{ detector: DriftDetector }> {
  const { warmStart = 30, alpha = 0.95, beta = 0.9 } = options;
  if (!(isWhole(warmStart, 0) && beta > 0 && alpha >= beta && alpha <= 1)) {
    return refuse('invalid-option', '0 < beta ≤ alpha ≤ 1 and a whole warmStart', JSON.stringify(options));
  }
  let count = 0;
  let errors = 0;
  let lastError = 0;
  let mean = 0;
  let squares = 0;
  let best = -1;
  let warning = false;
  let resetsNext = false;
  return {
    ok: true,
    detector: {
      update(value) {
        const refusal = refuseShare(value);
        if (refusal) return refusal;
        if (resetsNext) {
          [count, errors, lastError, mean, squares, best] = [0, 0, 0, 0, 0, -1];
          warning = false;
          resetsNext = false;
        }
        count += 1;
        if (value === 1) {
          errors += 1;
          const distance = count - lastError;
          const before = mean;
          mean += (1 / errors) * (distance - mean);
          squares += (distance - before) * (distance - mean);
          if (count > warmStart) {
            const deviation = errors > 1 ? (squares / (errors - 1)) ** 0.5 : 0;
            const level = mean + 2 * deviation;
            if (level > best) {
              best = level;
            } else if (errors > warmStart) {
              if (level / best < beta) resetsNext = true;
              else warning = level / best < alpha;
            }
          }
          lastError = count;
        }
        return detected(resetsNext, warning);
      },
    },
  };
}
