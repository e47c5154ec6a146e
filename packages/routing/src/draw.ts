import { murmur3 } from './murmur3.ts';

/** A number in [0, 1) that is the same for the same salt and key, and unrelated for others. */
export function drawFraction(salt: string, key: string): number {
  return murmur3(`${salt}:${key}`) / 4_294_967_296;
}

/** Position of the arm that a fraction falls on when the arms lie side by side, each as wide as its probability. */
export function armOfFraction(probabilities: readonly number[], fraction: number): number {
  let above = 0;
  let last = 0;
  for (let index = 0; index < probabilities.length; index += 1) {
    const probability = probabilities[index] as number;
    if (probability <= 0) continue;
    above += probability;
    last = index;
    if (fraction < above) return index;
  }
  // Sums of floating-point numbers may end a little below 1.
  return last;
}

/** Probabilities that sum to 1 as closely as floating-point numbers can; the largest takes the rounding. */
export function normalised(weights: readonly number[]): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const shares = weights.map((weight) => weight / total);
  const rest = 1 - shares.reduce((sum, share) => sum + share, 0);
  const largest = shares.indexOf(Math.max(...shares));
  shares[largest] = (shares[largest] as number) + rest;
  return shares;
}

export function byName<T>(
  names: readonly { readonly name: string }[],
  values: readonly T[],
): Readonly<Record<string, T>> {
  const record: Record<string, T> = {};
  names.forEach(({ name }, index) => {
    record[name] = values[index] as T;
  });
  return Object.freeze(record);
}
