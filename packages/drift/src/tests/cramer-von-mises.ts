import { type Answer, refuse } from '../refusal.ts';
import type { Comparison, PooledTable, TestResult } from './comparison.ts';

/** Up to this many rows on both sides 'auto' enumerates, as SciPy does. */
const EXACT_UP_TO = 20;

/**
 * Two-sample Cramér–von Mises test: do both samples come from one distribution? More sensitive than Kolmogorov–Smirnov
 * to differences spread over the whole range.
 *
 * T = U/(mn(m+n)) - (4mn-1)/(6(m+n)), U = m Σ (rank of the i-th reference value - i)² + n Σ (rank of the j-th current
 * value - j)² from midranks. Exact p-value (both sides ≤ 20 rows under 'auto') enumerates the distribution of U;
 * otherwise, and always for counts, T is standardised and compared with the limit law, whose tail is computed to full
 * relative accuracy (SciPy's series stops at 1e-7).
 * Assumes independent rows of a continuous feature; with ties both p-values are approximate. Refuses what
 * `compareSamples` or `compareCounts` refused, an unknown method, and more than 2,500 pairs of rows for 'exact'.
 * Source: Anderson (1962); Smirnov's integral for the limit law; Xiao, Gordon and Yakovlev (2006) for the exact law.
 */
export function cramerVonMises(
  comparison: Comparison,
  options: { readonly method?: 'auto' | 'exact' | 'asymptotic' } = {},
): Answer<TestResult> {
  if (!comparison.ok) return comparison;
  const { referenceSize: m, currentSize: n } = comparison;
  const method = options.method ?? 'auto';
  if (!['auto', 'exact', 'asymptotic'].includes(method)) {
    return refuse('invalid-option', "method 'auto', 'exact' or 'asymptotic'", String(method));
  }
  if (method === 'exact' && m * n > 2_500) {
    return refuse('invalid-option', 'at most 2,500 pairs of rows for the exact method', `${m} × ${n}`);
  }
  const total = m + n;
  const pairs = m * n;
  const u = rankSumOfSquares(comparison);
  const statistic = u / (pairs * total) - (4 * pairs - 1) / (6 * total);
  const exact =
    comparison.source === 'samples' && (method === 'exact' || (method === 'auto' && Math.max(m, n) <= EXACT_UP_TO));
  let pValue: number;
  if (exact) {
    pValue = exactPValue(u, m, n);
  } else {
    const mean = (1 + 1 / total) / 6;
    const variance =
      ((total + 1) * (4 * pairs * total - 3 * (m * m + n * n) - 2 * pairs)) / (45 * total ** 2 * 4 * pairs);
    pValue = cramerVonMisesLimitSurvival(1 / 6 + (statistic - mean) / Math.sqrt(45 * variance));
  }
  return { ok: true, statistic, pValue, method: exact ? 'exact' : 'asymptotic', referenceSize: m, currentSize: n };
}

/** U = m Σ (rank of i-th reference value - i)² + n Σ (rank of j-th current value - j)², midranks for ties. */
function rankSumOfSquares(table: PooledTable): number {
  let before = 0;
  let referenceBefore = 0;
  let currentBefore = 0;
  let referenceSum = 0;
  let currentSum = 0;
  for (let index = 0; index < table.values.length; index += 1) {
    const a = table.reference[index]!;
    const b = table.current[index]!;
    const rank = before + (a + b + 1) / 2;
    referenceSum += squaresOver(rank, referenceBefore, a);
    currentSum += squaresOver(rank, currentBefore, b);
    before += a + b;
    referenceBefore += a;
    currentBefore += b;
  }
  return table.referenceSize * referenceSum + table.currentSize * currentSum;
}

/** Σ over i = start+1 … start+count of (rank - i)². */
function squaresOver(rank: number, start: number, count: number): number {
  return count * (rank - start - (count + 1) / 2) ** 2 + (count * (count * count - 1)) / 12;
}

/**
 * P(ω² > x) for the limit law, by Smirnov's alternating sum of integrals
 * (1/π) Σ (-1)^(k+1) ∫ from (2k-1)π to 2kπ of (2/s) √(-s / sin s) exp(-x s²/2) ds,
 * each by Gauss–Chebyshev quadrature, which absorbs the inverse square roots at both ends.
 */
export function cramerVonMisesLimitSurvival(x: number): number {
  if (Number.isNaN(x)) return Number.NaN;
  if (x < 0.003) return 1;
  const nodes = 96;
  let survival = 0;
  for (let k = 1; k <= 200; k += 1) {
    const middle = (2 * k - 0.5) * Math.PI;
    let integral = 0;
    for (let i = 0; i < nodes; i += 1) {
      const angle = ((i + 0.5) * Math.PI) / nodes;
      const s = middle + (Math.PI / 2) * Math.cos(angle);
      // -sin s is cos of the distance to the middle of the interval.
      const sine = Math.cos((Math.PI / 2) * Math.cos(angle));
      integral += (2 / s) * Math.sqrt(s / sine) * Math.exp((-x * s * s) / 2) * Math.sin(angle);
    }
    const term = (integral * (Math.PI / 2) * (Math.PI / nodes)) / Math.PI;
    survival += k % 2 === 1 ? term : -term;
    if (term < survival * 1e-17) break;
  }
  return Math.min(1, Math.max(0, survival));
}

/** P(U ≥ u) over all orderings, by building the distribution of the path sum one step at a time. */
function exactPValue(u: number, m: number, n: number): number {
  const multiple = leastCommonMultiple(m, n);
  const a = multiple / m;
  const b = multiple / n;
  const pairs = m * n;
  const zeta = Math.floor((multiple ** 2 * (m + n) * (6 * u - pairs * (4 * pairs - 1))) / (6 * pairs ** 2));
  // columns[v]: how many paths to (row, v) have each path sum.
  const none: Frequencies = { sums: new Float64Array(0), counts: new Float64Array(0) };
  const start: Frequencies = { sums: Float64Array.of(0), counts: Float64Array.of(1) };
  let columns: Frequencies[] = [start, ...Array.from({ length: m }, () => none)];
  for (let row = 0; row <= n; row += 1) {
    let carried = none;
    columns = columns.map((column, v) => {
      carried = mergeFrequencies(carried, column, (a * v - b * row) ** 2);
      return carried;
    });
  }
  const { sums, counts } = columns[m]!;
  let atLeast = 0;
  let all = 0;
  for (let k = 0; k < sums.length; k += 1) {
    all += counts[k]!;
    if (sums[k]! >= zeta) atLeast += counts[k]!;
  }
  return atLeast / all;
}

/** Ascending path sums with the number of paths for each. */
interface Frequencies {
  readonly sums: Float64Array;
  readonly counts: Float64Array;
}

function mergeFrequencies(first: Frequencies, second: Frequencies, cost: number): Frequencies {
  const sums = new Float64Array(first.sums.length + second.sums.length);
  const counts = new Float64Array(sums.length);
  let size = 0;
  let i = 0;
  let j = 0;
  while (i < first.sums.length || j < second.sums.length) {
    const a = i < first.sums.length ? first.sums[i]! : Number.POSITIVE_INFINITY;
    const b = j < second.sums.length ? second.sums[j]! : Number.POSITIVE_INFINITY;
    sums[size] = Math.min(a, b) + cost;
    if (a <= b) {
      counts[size] = counts[size]! + first.counts[i]!;
      i += 1;
    }
    if (b <= a) {
      counts[size] = counts[size]! + second.counts[j]!;
      j += 1;
    }
    size += 1;
  }
  return { sums: sums.subarray(0, size), counts: counts.subarray(0, size) };
}

function leastCommonMultiple(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y > 0) [x, y] = [y, x % y];
  return (a / x) * b;
}
