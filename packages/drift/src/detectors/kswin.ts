import { createPythonRandom } from '../internal/python-random.ts';
import { type Answer, isProbability, isWhole, refuse } from '../refusal.ts';
import { compareSamples } from '../tests/comparison.ts';
import { kolmogorovSmirnov } from '../tests/kolmogorov-smirnov.ts';
import { type DriftDetector, detected, refuseValue } from './detector.ts';

export interface KswinOptions {
  /** Level of each single test. Not a rate over the run: the test is repeated on every value. Default 0.005. */
  readonly alpha?: number;
  /** Values kept. Default 100. */
  readonly windowSize?: number;
  /** Newest values compared with as many of the older ones. Default 30. */
  readonly testSize?: number;
  /** Seed (a whole number below 2³²) of the sampling of older values. Same seed, same indices as River. Default 0. */
  readonly seed?: number;
}

/**
 * KSWIN: Kolmogorov–Smirnov test of the newest values against a random sample of the older ones in a sliding
 * window, on every value. Detects any change of distribution; drift when p ≤ alpha and D > 0.1.
 * Defaults and indices as River's, except that River's default seed is not repeatable.
 * Source: Raab, Heusinger and Schleif (2020).
 * Assumes independent values. Refuses settings out of range; `update` refuses a value that is not finite.
 */
export function createKswin(options: KswinOptions = {}): Answer<{ detector: DriftDetector }> {
  const { alpha = 0.005, windowSize = 100, testSize = 30, seed = 0 } = options;
  if (!isProbability(alpha) || !(isWhole(testSize, 2) && isWhole(windowSize, 2 * testSize))) {
    return refuse(
      'invalid-option',
      'alpha in (0, 1) and whole sizes, windowSize ≥ 2 testSize ≥ 4',
      JSON.stringify(options),
    );
  }
  if (!(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32)) {
    return refuse('invalid-option', 'a seed that is a whole number below 2^32', String(seed));
  }
  let random = createPythonRandom(seed);
  let window: number[] = [];
  let resetsNext = false;
  return {
    ok: true,
    detector: {
      update(value) {
        const refusal = refuseValue(value);
        if (refusal) return refusal;
        if (resetsNext) {
          random = createPythonRandom(seed);
          window = [];
          resetsNext = false;
        }
        window.push(value);
        if (window.length > windowSize) window.shift();
        if (window.length >= windowSize) {
          const older = random.sample(windowSize - testSize, testSize).map((position) => window[position]!);
          const newest = window.slice(windowSize - testSize);
          const test = kolmogorovSmirnov(compareSamples(older, newest));
          resetsNext = test.ok && test.pValue <= alpha && test.statistic > 0.1;
        }
        return detected(resetsNext);
      },
    },
  };
}
