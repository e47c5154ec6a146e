import type { Answer } from '@switchyard/contracts';

/** The highest probability of an answer; 0 when it has none. */
export function confidenceOf({ probabilities }: Answer): number {
  let highest = 0;
  for (const label in probabilities) {
    const probability = probabilities[label] as number;
    if (probability > highest) highest = probability;
  }
  return highest;
}
