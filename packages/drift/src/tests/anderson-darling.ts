import { type Answer, isWhole, type RandomSource, refuse } from '../refusal.ts';
import type { Comparison, PooledTable, TestResult } from './comparison.ts';

export interface AndersonDarlingResult extends TestResult {
  readonly method: 'interpolated' | 'permutation';
  /** Whether the interpolated p-value hit an end of Scholz and Stephens' table (0.001 or 0.25): the true one lies beyond. */
  readonly isCapped: boolean;
}

/** Critical values of Scholz and Stephens (1987, table 2) for two samples: b0 + b1 + b2. */
const SIGNIFICANCE = [0.25, 0.1, 0.05, 0.025, 0.01, 0.005, 0.001];
const CRITICAL = [
  0.675 - 0.245 - 0.105,
  1.281 + 0.25 - 0.305,
  1.645 + 0.678 - 0.362,
  1.96 + 1.149 - 0.391,
  2.326 + 1.822 - 0.396,
  2.573 + 2.364 - 0.345,
  3.085 + 3.615 - 0.154,
];

/**
 * Two-sample Anderson–Darling test (midrank form): do both samples come from one distribution? Weighs the tails more
 * than Cramér–von Mises does.
 *
 * A² = (N-1)/N² Σ over both samples (1/nᵢ) Σ over distinct values l (N Mᵢ - nᵢ B)² / (B (N-B) - N l/4), with l rows
 * tied at the value, B rows below it of all and Mᵢ of the sample, half of the tied ones included. The statistic is
 * Scholz and Stephens' standardised (A² - 1)/σ; its p-value interpolates their table and is capped to [0.001, 0.25]
 * exactly as SciPy does (`isCapped` says when). With `permutations` and `random` the p-value is (1 + permuted
 * statistics ≥ observed) / (1 + permutations) instead, uncapped.
 * Assumes independent rows. Refuses what `compareSamples` or `compareCounts` refused, a single value on both sides, and
 * permutations without a random source. Source: Scholz and Stephens (1987), JASA 82.
 */
export function andersonDarling(
  comparison: Comparison,
  options: { readonly permutations?: number; readonly random?: RandomSource } = {},
): Answer<AndersonDarlingResult> {
  if (!comparison.ok) return comparison;
  if (comparison.values.length < 2) {
    return refuse('constant', 'at least two different values', `one value, ${comparison.values[0]}`);
  }
  const permutations = options.permutations ?? 0;
  if (!isWhole(permutations, 0)) {
    return refuse('invalid-option', 'a whole number of permutations, 0 or more', String(permutations));
  }
  const { referenceSize: m, currentSize: n } = comparison;
  const shift = standardisation(m, n);
  const raw = midrankStatistic(comparison, comparison.reference);
  const statistic = (raw - 1) / shift;
  if (permutations > 0) {
    if (!options.random) return refuse('invalid-option', 'a random source for permutations', 'none');
    const counts = permuteCounts(comparison, options.random);
    let atLeast = 0;
    for (let round = 0; round < permutations; round += 1) {
      if (midrankStatistic(comparison, counts()) >= raw * (1 - 1e-12)) atLeast += 1;
    }
    const pValue = (1 + atLeast) / (1 + permutations);
    return { ok: true, statistic, pValue, method: 'permutation', isCapped: false, referenceSize: m, currentSize: n };
  }
  const isCapped = statistic < CRITICAL[0]! || statistic > CRITICAL[6]!;
  const pValue =
    statistic < CRITICAL[0]!
      ? 0.25
      : statistic > CRITICAL[6]!
        ? 0.001
        : Math.exp(FIT[0] + statistic * (FIT[1] + statistic * FIT[2]));
  return { ok: true, statistic, pValue, method: 'interpolated', isCapped, referenceSize: m, currentSize: n };
}

/** A² of equation 7: Σ over samples and distinct values of (l/N) (N M - n B)² / (B (N-B) - N l/4), times (N-1)/N. */
function midrankStatistic(table: PooledTable, reference: Float64Array): number {
  const m = table.referenceSize;
  const n = table.currentSize;
  const total = m + n;
  let below = 0;
  let referenceBelow = 0;
  let sum = 0;
  for (let index = 0; index < table.values.length; index += 1) {
    const tied = table.reference[index]! + table.current[index]!;
    const a = reference[index]!;
    const b = tied - a;
    const middle = below + tied / 2;
    const spread = middle * (total - middle) - (total * tied) / 4;
    const referenceMiddle = referenceBelow + a / 2;
    const currentMiddle = below - referenceBelow + b / 2;
    if (spread > 0) {
      sum +=
        (tied / total) *
        ((total * referenceMiddle - m * middle) ** 2 / m + (total * currentMiddle - n * middle) ** 2 / n) *
        (1 / spread);
    }
    below += tied;
    referenceBelow += a;
  }
  return (sum * (total - 1)) / total;
}

/** Standard deviation of A² under the null for two samples (equation 4 of Scholz and Stephens with k = 2). */
function standardisation(m: number, n: number): number {
  const total = m + n;
  const k = 2;
  const bigH = 1 / m + 1 / n;
  let harmonic = 0;
  let g = 0;
  for (let i = total - 1; i > 1; i -= 1) {
    harmonic += 1 / i;
    g += harmonic / (total - i + 1);
  }
  const h = harmonic + 1;
  const a = (4 * g - 6) * (k - 1) + (10 - 6 * g) * bigH;
  const b = (2 * g - 4) * k ** 2 + 8 * h * k + (2 * g - 14 * h - 4) * bigH - 8 * h + 4 * g - 6;
  const c = (6 * h + 2 * g - 2) * k ** 2 + (4 * h - 4 * g + 6) * k + (2 * h - 6) * bigH + 4 * h;
  const d = (2 * h + 6) * k ** 2 - 4 * h * k;
  const variance = (a * total ** 3 + b * total ** 2 + c * total + d) / ((total - 1) * (total - 2) * (total - 3));
  return Math.sqrt(variance);
}

/** Least-squares parabola of ln significance on the critical values, [constant, linear, quadratic]. */
const FIT: readonly [number, number, number] = fitParabola(CRITICAL, SIGNIFICANCE.map(Math.log));

function fitParabola(x: readonly number[], y: readonly number[]): [number, number, number] {
  // Orthogonal polynomials over the points keep the small system well conditioned.
  const count = x.length;
  const mean = x.reduce((sum, value) => sum + value, 0) / count;
  const linear = x.map((value) => value - mean);
  const linearSquare = linear.reduce((sum, value) => sum + value * value, 0);
  const skew = linear.reduce((sum, value) => sum + value ** 3, 0) / linearSquare;
  const quadratic = linear.map((value) => value * value - skew * value - linearSquare / count);
  const project = (basis: readonly number[]): number =>
    basis.reduce((sum, value, index) => sum + value * y[index]!, 0) /
    basis.reduce((sum, value) => sum + value * value, 0);
  const c0 = y.reduce((sum, value) => sum + value, 0) / count;
  const c1 = project(linear);
  const c2 = project(quadratic);
  return [c0 - c1 * mean + c2 * (mean * mean + skew * mean - linearSquare / count), c1 - c2 * (2 * mean + skew), c2];
}

/** Draws reference counts with the pooled margins fixed, by shuffling the pooled rows. */
function permuteCounts(table: PooledTable, random: RandomSource): () => Float64Array {
  const rows = new Uint32Array(table.referenceSize + table.currentSize);
  let position = 0;
  for (let index = 0; index < table.values.length; index += 1) {
    const tied = table.reference[index]! + table.current[index]!;
    rows.fill(index, position, position + tied);
    position += tied;
  }
  const counts = new Float64Array(table.values.length);
  return () => {
    counts.fill(0);
    for (let i = 0; i < table.referenceSize; i += 1) {
      const j = i + Math.floor(random() * (rows.length - i));
      const chosen = rows[j]!;
      rows[j] = rows[i]!;
      rows[i] = chosen;
      counts[chosen] = counts[chosen]! + 1;
    }
    return counts;
  };
}
