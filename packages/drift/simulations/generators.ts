// Seeded sources for the simulations.
import type { RandomSource } from '../src/index.ts';

export function createRandom(seed: number): RandomSource {
  // xoshiro128** (Blackman and Vigna), started by splitmix32: long enough a period for billions of draws.
  let z = seed >>> 0;
  const next = (): number => {
    z = (z + 0x9e3779b9) >>> 0;
    let t = z ^ (z >>> 16);
    t = Math.imul(t, 0x21f0aaad);
    t ^= t >>> 15;
    t = Math.imul(t, 0x735a2d97);
    return (t ^ (t >>> 15)) >>> 0;
  };
  const s = [next(), next(), next(), next()] as [number, number, number, number];
  return () => {
    const product = Math.imul(s[1], 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const t = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = (s[3] << 11) | (s[3] >>> 21);
    return result / 4294967296;
  };
}

/** A standard normal number (polar method). */
export function createNormal(random: RandomSource): () => number {
  let spare: number | undefined;
  return () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    for (;;) {
      const x = 2 * random() - 1;
      const y = 2 * random() - 1;
      const square = x * x + y * y;
      if (square > 0 && square < 1) {
        const scale = Math.sqrt((-2 * Math.log(square)) / square);
        spare = y * scale;
        return x * scale;
      }
    }
  };
}

/** A binomial count; exact by inversion for small means, by the ordering of a beta variable otherwise. */
export function drawBinomial(random: RandomSource, normal: () => number, trials: number, share: number): number {
  if (share <= 0 || trials <= 0) return 0;
  if (share >= 1) return trials;
  if (share > 0.5) return trials - drawBinomial(random, normal, trials, 1 - share);
  let left = trials;
  let p = share;
  let count = 0;
  // Halve the problem by the median of the hidden uniforms (Relles 1972) until few trials are left.
  while (left > 40) {
    const middle = 1 + Math.floor(left / 2);
    const median = drawBeta(random, normal, middle, left + 1 - middle);
    if (median <= p) {
      count += middle;
      left -= middle;
      p = (p - median) / (1 - median);
    } else {
      left = middle - 1;
      p /= median;
    }
    if (p <= 0) return count;
    if (p >= 1) return count + left;
  }
  for (let i = 0; i < left; i += 1) if (random() < p) count += 1;
  return count;
}

function drawBeta(random: RandomSource, normal: () => number, a: number, b: number): number {
  const x = drawGamma(random, normal, a);
  return x / (x + drawGamma(random, normal, b));
}

/** Marsaglia and Tsang (2000), shape ≥ 1. */
function drawGamma(random: RandomSource, normal: () => number, shape: number): number {
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = normal();
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - random()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}

/** Counts of `size` rows over cells with the given shares: rows never exist one by one, so a million cost nothing. */
export function drawCounts(
  random: RandomSource,
  normal: () => number,
  size: number,
  shares: ArrayLike<number>,
): Float64Array {
  const counts = new Float64Array(shares.length);
  if (size <= 4 * shares.length) {
    const cumulative = new Float64Array(shares.length);
    let sum = 0;
    for (let k = 0; k < shares.length; k += 1) {
      sum += shares[k]!;
      cumulative[k] = sum;
    }
    for (let i = 0; i < size; i += 1) {
      const u = random() * sum;
      let low = 0;
      let high = shares.length - 1;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (cumulative[middle]! <= u) low = middle + 1;
        else high = middle;
      }
      counts[low] = counts[low]! + 1;
    }
    return counts;
  }
  let rows = size;
  let rest = 0;
  for (let k = 0; k < shares.length; k += 1) rest += shares[k]!;
  for (let k = 0; k < shares.length && rows > 0; k += 1) {
    const last = k === shares.length - 1;
    const count = last ? rows : drawBinomial(random, normal, rows, Math.min(1, shares[k]! / rest));
    counts[k] = count;
    rows -= count;
    rest -= shares[k]!;
  }
  return counts;
}
