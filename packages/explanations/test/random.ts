import type { RandomSource } from '../src/index.ts';

/** Seeded uniform numbers: mulberry32. */
export function seeded(seed: number): RandomSource {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Uniform numbers that make a Fisher–Yates shuffle of `current` end as `wanted`. */
export function drawsFor(current: readonly number[], wanted: readonly number[]): number[] {
  const order = [...current];
  const draws: number[] = [];
  for (let last = order.length - 1; last > 0; last -= 1) {
    const at = order.indexOf(wanted[last]!);
    draws.push((at + 0.5) / (last + 1));
    [order[last], order[at]] = [order[at]!, order[last]!];
  }
  return draws;
}

export function normal(random: RandomSource): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
