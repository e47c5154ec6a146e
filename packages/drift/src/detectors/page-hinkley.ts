import { type Answer, isPositive, isWhole, refuse } from '../refusal.ts';
import { type DriftDetector, detected, refuseValue } from './detector.ts';

export interface PageHinkleyOptions {
  /** Values before the first verdict. Default 30. */
  readonly minimumValues?: number;
  /** Change of the mean that is tolerated. Default 0.005, in units of the stream. */
  readonly delta?: number;
  /** Detection threshold λ. Default 50, in units of the stream. */
  readonly threshold?: number;
  /** Forgetting factor of the sums. Default 0.9999. */
  readonly alpha?: number;
  /** Which changes of the mean to look for. Default 'both'. */
  readonly mode?: 'up' | 'down' | 'both';
}

/**
 * Page–Hinkley test: has the mean of a stream changed? Sums s ← alpha·s + (x - mean) ∓ delta of deviations from the
 * running mean, against their own extreme: drift when the rising one is more than `threshold` above its lowest, or the
 * falling one below its highest.
 * Its thresholds are in units of the stream, so it holds no false-alarm rate by itself; see `createRunLengthDetector`
 * for one that does. Defaults and indices as River's. Source: Page (1954).
 * Assumes independent values around one mean while nothing changes. Refuses settings out of range and an unknown mode;
 * `update` refuses a value that is not finite and stays as it was.
 */
export function createPageHinkley(options: PageHinkleyOptions = {}): Answer<{ detector: DriftDetector }> {
  const { minimumValues = 30, delta = 0.005, threshold = 50, alpha = 0.9999, mode = 'both' } = options;
  if (
    !(isWhole(minimumValues, 1) && delta >= 0 && delta < Infinity && isPositive(threshold) && alpha > 0 && alpha <= 1)
  ) {
    return refuse(
      'invalid-option',
      'positive settings, a whole minimumValues and alpha in (0, 1]',
      JSON.stringify(options),
    );
  }
  if (mode !== 'up' && mode !== 'down' && mode !== 'both') {
    return refuse('invalid-option', "mode 'up', 'down' or 'both'", String(mode));
  }
  let count = 0;
  let mean = 0;
  let rise = 0;
  let fall = 0;
  let lowestRise = Number.POSITIVE_INFINITY;
  let highestFall = -1;
  let resetsNext = false;
  return {
    ok: true,
    detector: {
      update(value) {
        const refusal = refuseValue(value);
        if (refusal) return refusal;
        if (resetsNext) {
          [count, mean, rise, fall] = [0, 0, 0, 0];
          lowestRise = Number.POSITIVE_INFINITY;
          highestFall = -1;
        }
        count += 1;
        mean += (1 / count) * (value - mean);
        const deviation = value - mean;
        rise = alpha * rise + deviation - delta;
        fall = alpha * fall + deviation + delta;
        lowestRise = Math.min(lowestRise, rise);
        highestFall = Math.max(highestFall, fall);
        const up = rise - lowestRise > threshold && mode !== 'down';
        const down = highestFall - fall > threshold && mode !== 'up';
        resetsNext = count >= minimumValues && (up || down);
        return detected(resetsNext);
      },
    },
  };
}
