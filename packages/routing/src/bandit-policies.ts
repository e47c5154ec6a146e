import { betaCdf, betaDensity } from '@switchyard/special-functions';
import { normalised } from './draw.ts';

/** Rewards of one arm, each from 0 to 1. */
export interface ArmRewards {
  readonly count: number;
  readonly sum: number;
}

/** Mean of the posterior under a uniform prior: an arm without rewards is neither hopeless nor certain. */
export const posteriorMean = ({ count, sum }: ArmRewards): number => (1 + sum) / (2 + count);

/** Keeps every arm at least as likely as `floor` without changing their order: f + (1 − K·f)·w. */
export function withFloor(weights: readonly number[], floor: number): number[] {
  const rest = 1 - weights.length * floor;
  return normalised(weights.map((weight) => floor + rest * weight));
}

/** ε spread evenly, the rest to the best mean; ties go to the first. */
export function epsilonGreedyWeights(arms: readonly ArmRewards[], epsilon: number): number[] {
  const best = indexOfLargest(arms.map(posteriorMean));
  return arms.map((_, index) => epsilon / arms.length + (index === best ? 1 - epsilon : 0));
}

/**
 * Probability that each arm is the best one, its mean being Beta(1 + Σr, 1 + n − Σr): what Thompson sampling draws.
 * ∫ f_k(t) Π_{i≠k} F_i(t) dt by Simpson's rule over the part where f_k is not zero.
 */
export function thompsonWeights(arms: readonly ArmRewards[]): number[] {
  const posteriors = arms.map(({ count, sum }) => ({ a: 1 + sum, b: 1 + Math.max(0, count - sum) }));
  const weights = posteriors.map(({ a, b }, arm) => {
    const mean = a / (a + b);
    const deviation = Math.sqrt((a * b) / ((a + b) ** 2 * (a + b + 1)));
    const low = Math.max(0, mean - SPREAD * deviation);
    const high = Math.min(1, mean + SPREAD * deviation);
    return simpson(low, high, (t) => {
      let value = betaDensity(t, a, b);
      for (let other = 0; other < posteriors.length && value > 0; other += 1) {
        const rival = posteriors[other] as (typeof posteriors)[number];
        if (other !== arm) value *= betaCdf(t, rival.a, rival.b);
      }
      return value;
    });
  });
  return normalised(weights.map((weight) => Math.max(0, weight)));
}

const SPREAD = 9;
const INTERVALS = 400;

function simpson(low: number, high: number, f: (t: number) => number): number {
  const width = (high - low) / INTERVALS;
  let sum = 0;
  for (let index = 0; index <= INTERVALS; index += 1) {
    // A density may be infinite at the very ends; they carry no weight there.
    const value = f(low + index * width);
    const factor = index === 0 || index === INTERVALS ? 1 : index % 2 === 1 ? 4 : 2;
    if (Number.isFinite(value)) sum += factor * value;
  }
  return (sum * width) / 3;
}

/**
 * Inverse gap weighting: an arm is the less likely the more it is expected to lose against the best one.
 * π_a = 1 / (K + γ(μ* − μ_a)), the rest to the best (Foster and Rakhlin 2020).
 */
export function squareCbWeights(expected: readonly number[], gamma: number): number[] {
  const best = indexOfLargest(expected);
  const top = expected[best] as number;
  const weights = expected.map((mean) => 1 / (expected.length + gamma * (top - mean)));
  weights[best] = 1 - weights.reduce((sum, weight, index) => (index === best ? sum : sum + weight), 0);
  return weights;
}

export function indexOfLargest(values: readonly number[]): number {
  let largest = 0;
  for (let index = 1; index < values.length; index += 1) {
    if ((values[index] as number) > (values[largest] as number)) largest = index;
  }
  return largest;
}
