import { kolmogorovSurvival } from '@switchyard/special-functions';
import { type Answer, refuse } from '../refusal.ts';
import type { Comparison, PooledTable, TestResult } from './comparison.ts';

export interface KolmogorovSmirnovResult extends TestResult {
  readonly method: 'exact' | 'asymptotic';
  /** Value (or bin) at which the distribution functions differ most. */
  readonly location: number;
  /** +1 when the reference has more mass at or below `location`, -1 when the current sample has. */
  readonly direction: 1 | -1;
  /**
   * Bounds of the p-value over every way the rows could lie inside their bins. Equal to `pValue` at both ends for
   * raw samples; for counts the statistic is a lower bound, so `pValue` is the upper end.
   */
  readonly pValueInterval: readonly [number, number];
  /** Largest statistic that the counts allow. */
  readonly statisticUpperBound: number;
}

/** Above this size SciPy's 'auto' stops counting paths. */
const EXACT_UP_TO = 10_000;

/**
 * Two-sample Kolmogorov–Smirnov test, two-sided: do both samples come from one distribution?
 *
 * D = sup |F(x) - G(x)|. The exact p-value counts lattice paths (all orderings equally likely; with ties it is
 * conservative); the asymptotic one is the finite-n Kolmogorov law at round(nm/(n+m)) observations. `method` 'auto' is
 * exact up to 10,000 rows a side, as in SciPy; counts always use the asymptotic law.
 * Assumes independent rows. Refuses what `compareSamples` or `compareCounts` refused, and an unknown method.
 * Source: Hodges (1958); Simard and L'Ecuyer (2011).
 */
export function kolmogorovSmirnov(
  comparison: Comparison,
  options: { readonly method?: 'auto' | 'exact' | 'asymptotic' } = {},
): Answer<KolmogorovSmirnovResult> {
  if (!comparison.ok) return comparison;
  const method = options.method ?? 'auto';
  if (!['auto', 'exact', 'asymptotic'].includes(method)) {
    return refuse('invalid-option', "method 'auto', 'exact' or 'asymptotic'", String(method));
  }
  const { referenceSize, currentSize } = comparison;
  const largest = findLargestGap(comparison);
  const exact =
    comparison.source === 'samples' &&
    (method === 'exact' || (method === 'auto' && Math.max(referenceSize, currentSize) <= EXACT_UP_TO));
  const toPValue = (statistic: number): number =>
    exact
      ? exactPValue(statistic, referenceSize, currentSize)
      : asymptoticPValue(statistic, referenceSize, currentSize);
  const pValue = toPValue(largest.statistic);
  const upperBound = comparison.source === 'counts' ? boundInsideBins(comparison) : largest.statistic;
  return {
    ok: true,
    ...largest,
    pValue,
    method: exact ? 'exact' : 'asymptotic',
    referenceSize,
    currentSize,
    statisticUpperBound: upperBound,
    pValueInterval: [comparison.source === 'counts' ? toPValue(upperBound) : pValue, pValue],
  };
}

function findLargestGap(table: PooledTable): { statistic: number; location: number; direction: 1 | -1 } {
  let below = 0;
  let currentBelow = 0;
  let smallest = Number.POSITIVE_INFINITY;
  let smallestAt = 0;
  let largest = Number.NEGATIVE_INFINITY;
  let largestAt = 0;
  for (let index = 0; index < table.values.length; index += 1) {
    below += table.reference[index]!;
    currentBelow += table.current[index]!;
    const gap = below / table.referenceSize - currentBelow / table.currentSize;
    if (gap < smallest) {
      smallest = gap;
      smallestAt = index;
    }
    if (gap > largest) {
      largest = gap;
      largestAt = index;
    }
  }
  const negative = Math.min(1, Math.max(0, -smallest));
  return negative > largest
    ? { statistic: negative, location: table.values[smallestAt]!, direction: -1 }
    : { statistic: largest, location: table.values[largestAt]!, direction: 1 };
}

/** The largest gap if, inside each bin, all rows of one side came before all rows of the other. */
function boundInsideBins(table: PooledTable): number {
  let bound = 0;
  let gap = 0;
  for (let index = 0; index < table.values.length; index += 1) {
    const up = table.reference[index]! / table.referenceSize;
    const down = table.current[index]! / table.currentSize;
    bound = Math.max(bound, Math.abs(gap + up), Math.abs(gap - down));
    gap += up - down;
  }
  return Math.min(1, bound);
}

function asymptoticPValue(statistic: number, m: number, n: number): number {
  const effective = (m * n) / (m + n);
  // Halves go to the even neighbour, as in SciPy.
  const rounded = effective % 1 === 0.5 ? 2 * Math.round(effective / 2) : Math.round(effective);
  return Math.min(1, Math.max(0, kolmogorovSurvival(Math.max(1, rounded), statistic)));
}

function exactPValue(statistic: number, m: number, n: number): number {
  const divisor = greatestCommonDivisor(m, n);
  const multiple = (m / divisor) * n;
  const height = Math.round(statistic * multiple);
  if (height === 0) return 1;
  const probability = m === n ? pathsOutsideSquare(n, height) : pathsOutside(m, n, divisor, height);
  return Math.min(1, Math.max(0, probability));
}

/** P(some path point has |x - y| ≥ h) for n v n: an alternating sum of binomial ratios in nested form. */
function pathsOutsideSquare(n: number, height: number): number {
  let probability = 0;
  for (let k = Math.floor(n / height); k >= 0; k -= 1) {
    let ratio = 1;
    for (let j = 0; j < height; j += 1) ratio = ((n - k * height - j) * ratio) / (n + k * height + j + 1);
    probability = ratio * (1 - probability);
  }
  return 2 * probability;
}

/**
 * P(a uniformly random lattice path from (0,0) to (m,n) leaves the strip |x/m - y/n| < h/lcm), by passing the
 * probability of having left along the columns. Working with the probability of leaving (not of staying) keeps
 * small p-values accurate.
 */
function pathsOutside(sizeA: number, sizeB: number, divisor: number, height: number): number {
  const m = Math.max(sizeA, sizeB);
  const n = Math.min(sizeA, sizeB);
  const mg = m / divisor;
  const ng = n / divisor;
  // outside[j] = P(a random path to (i, j) has left the strip); points at or beyond the border have left.
  const outside = new Float64Array(n + 1);
  let low = 0;
  let high = Math.min(Math.ceil(height / mg), n + 1);
  for (let j = high; j <= n; j += 1) outside[j] = 1;
  for (let i = 1; i <= m; i += 1) {
    const previousLow = low;
    const centre = ng * i;
    low = Math.max(Math.floor((centre - height) / mg) + 1, 0);
    high = Math.min(Math.ceil((centre + height) / mg), n + 1);
    if (low >= high) return 1;
    // Points below the strip are outside; they feed the first point inside.
    for (let j = previousLow; j < low; j += 1) outside[j] = 1;
    for (let j = low; j < high; j += 1) {
      if (j === 0) continue;
      const share = j / (i + j);
      outside[j] = share * outside[j - 1]! + (1 - share) * outside[j]!;
    }
  }
  return outside[n]!;
}

function greatestCommonDivisor(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y > 0) [x, y] = [y, x % y];
  return x;
}
