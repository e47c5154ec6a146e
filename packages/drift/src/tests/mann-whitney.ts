import { normalSurvival } from '@switchyard/special-functions';
import { type Answer, refuse } from '../refusal.ts';
import type { Comparison, PooledTable, TestResult } from './comparison.ts';

export interface MannWhitneyResult extends TestResult {
  readonly method: 'exact' | 'asymptotic';
  /** P(reference > current) + ½ P(equal): 0.5 when neither tends to be larger. */
  readonly probabilityReferenceLarger: number;
}

/**
 * Mann–Whitney U test: does one sample tend to have larger values? U counts pairs with reference > current, ties ½.
 *
 * `alternative` 'less' asks whether the reference tends to be smaller than the current sample. Exact p-value (no ties
 * and one side ≤ 8 rows under 'auto', as SciPy) from the partition counts, which know no ties; otherwise normal,
 * z = (U - mn/2 - ½)/σ (mn - U for U in the other tail) with σ² = mn/12 · (N+1 - Σ (t³-t)/(N(N-1))) for t rows tied at
 * a value, N = m + n.
 * Assumes independent rows, and one distribution on both sides when neither tends to be larger; a change of spread
 * alone can move its rate. Refuses what `compareSamples` or `compareCounts` refused, a single value on both sides, an
 * unknown method or alternative, and more than 20 million pairs for 'exact'. Source: Mann and Whitney (1947).
 */
export function mannWhitney(
  comparison: Comparison,
  options: {
    readonly method?: 'auto' | 'exact' | 'asymptotic';
    readonly alternative?: 'two-sided' | 'less' | 'greater';
  } = {},
): Answer<MannWhitneyResult> {
  if (!comparison.ok) return comparison;
  const method = options.method ?? 'auto';
  const alternative = options.alternative ?? 'two-sided';
  if (!['auto', 'exact', 'asymptotic'].includes(method)) {
    return refuse('invalid-option', "method 'auto', 'exact' or 'asymptotic'", String(method));
  }
  if (!['two-sided', 'less', 'greater'].includes(alternative)) {
    return refuse('invalid-option', "alternative 'two-sided', 'less' or 'greater'", String(alternative));
  }
  if (comparison.values.length < 2) {
    return refuse('constant', 'at least two different values', `one value, ${comparison.values[0]}`);
  }
  const { referenceSize: m, currentSize: n } = comparison;
  const { u, hasTies, tieTerm } = countPairs(comparison);
  const extreme = alternative === 'two-sided' ? Math.max(u, m * n - u) : alternative === 'greater' ? u : m * n - u;
  const sides = alternative === 'two-sided' ? 2 : 1;
  const exact = method === 'exact' || (method === 'auto' && Math.min(m, n) <= 8 && !hasTies);
  if (exact && m * n > 20_000_000) {
    return refuse('invalid-option', 'at most 20 million pairs for the exact method', String(m * n));
  }
  let tail: number;
  if (exact) {
    tail = exactUpperTail(Math.floor(extreme), m, n);
  } else {
    const total = m + n;
    const deviation = Math.sqrt(((m * n) / 12) * (total + 1 - tieTerm / (total * (total - 1))));
    tail = normalSurvival((extreme - (m * n) / 2 - 0.5) / deviation);
  }
  return {
    ok: true,
    statistic: u,
    pValue: Math.min(1, sides * tail),
    method: exact ? 'exact' : 'asymptotic',
    referenceSize: m,
    currentSize: n,
    probabilityReferenceLarger: u / (m * n),
  };
}

function countPairs(table: PooledTable): { u: number; hasTies: boolean; tieTerm: number } {
  let currentBelow = 0;
  let u = 0;
  let tieTerm = 0;
  let hasTies = false;
  for (let index = 0; index < table.values.length; index += 1) {
    const a = table.reference[index]!;
    const b = table.current[index]!;
    u += a * (currentBelow + b / 2);
    currentBelow += b;
    const tied = a + b;
    if (tied > 1) {
      hasTies = true;
      tieTerm += tied ** 3 - tied;
    }
  }
  return { u, hasTies, tieTerm };
}

/** P(U ≥ u) without ties: coefficients of the Gaussian binomial polynomial, built factor by factor. */
function exactUpperTail(u: number, m: number, n: number): number {
  const small = Math.min(m, n);
  const large = Math.max(m, n);
  // By symmetry only the lower half of the coefficients is needed.
  const highest = Math.floor((m * n) / 2);
  let counts = new Float64Array(highest + 1);
  counts[0] = 1;
  for (let i = 1; i <= small; i += 1) {
    const next = new Float64Array(highest + 1);
    for (let k = 0; k <= highest; k += 1) {
      const lagged = k - (large + i) >= 0 ? counts[k - (large + i)]! : 0;
      next[k] = counts[k]! - lagged + (k - i >= 0 ? next[k - i]! : 0);
    }
    counts = next;
  }
  let orderings = 1;
  for (let i = 1; i <= small; i += 1) orderings = (orderings * (large + i)) / i;
  const complement = m * n - u;
  const lowerSum = (end: number): number => {
    let sum = 0;
    for (let k = 0; k <= end; k += 1) sum += counts[k]!;
    return sum / orderings;
  };
  // P(U ≥ u) = P(U ≤ mn - u); past the middle, one minus the other tail.
  if (complement <= highest) return lowerSum(complement);
  return u <= 0 ? 1 : 1 - lowerSum(u - 1);
}
