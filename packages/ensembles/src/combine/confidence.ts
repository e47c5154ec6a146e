import type { ConfidenceMeasure } from '../settings.ts';

/**
 * How sure probabilities are: `entropy`: 1 − H(p) / ln K, 0 for uniform and 1 for certain; or the largest of them.
 * Never below 0 (rounding).
 */
export function confidenceOf(probabilities: ArrayLike<number>, measure: ConfidenceMeasure): number {
  let entropy = 0;
  let largest = 0;
  for (let label = 0; label < probabilities.length; label += 1) {
    const one = probabilities[label] as number;
    if (one > largest) largest = one;
    if (one > 0) entropy -= one * Math.log(one);
  }
  return measure === 'entropy' ? Math.max(0, 1 - entropy / Math.log(probabilities.length)) : largest;
}
