import { type Answer, isPositive, isWhole, type RandomSource, refuse } from '../refusal.ts';
import { checkRows, drawPositions, type Rows } from './matrix.ts';

/** Sums of kernel values (at most 1) in another order: with tied rows, equal statistics must count as equal. */
const ROUNDING = 1e-12;

export interface DiscrepancyResult {
  /** Unbiased estimate of the squared discrepancy; may be slightly negative without drift. */
  readonly statistic: number;
  readonly pValue: number;
  readonly method: 'permutation';
  readonly permutations: number;
  /** σ of the kernel exp(-d²/(2σ²)). */
  readonly bandwidth: number;
  /** Rows actually compared: larger inputs are sampled down, because the kernel is quadratic in rows. */
  readonly referenceRows: number;
  readonly currentRows: number;
}

/**
 * Maximum mean discrepancy with a Gaussian kernel: do rows of several columns come from one joint distribution? Sees
 * changes in the dependence between columns that no single column shows. Columns should be on one scale.
 *
 * MMD² = mean k(x, x') + mean k(y, y') - 2 mean k(x, y) over pairs of different rows, k = exp(-d²/(2σ²)). Bandwidth σ:
 * the median distance within the pooled rows (exact under permutation) unless given. The p-value is (1 + permuted
 * statistics ≥ observed) / (1 + permutations), so it is valid at any size and never 0. More than `maximumRows` (1,000)
 * rows a side are sampled down.
 * Assumes independent rows. Refuses fewer than 2 rows a side, rows of another width, values that are not finite, rows
 * that are all equal where no bandwidth is given, a missing random source and settings out of range. Source: Gretton et
 * al., JMLR 13 (2012).
 */
export function maximumMeanDiscrepancy(
  reference: Rows,
  current: Rows,
  options: {
    readonly random: RandomSource;
    readonly permutations?: number;
    readonly bandwidth?: number;
    readonly maximumRows?: number;
  },
): Answer<DiscrepancyResult> {
  const problem = checkRows(reference, 'reference', 2) ?? checkRows(current, 'current', 2, reference[0]!.length);
  if (problem) return problem;
  const permutations = options?.permutations ?? 200;
  const maximumRows = options?.maximumRows ?? 1_000;
  if (typeof options?.random !== 'function') return refuse('invalid-option', 'a random source', 'none');
  if (!isWhole(permutations, 1) || !isWhole(maximumRows, 2)) {
    return refuse('invalid-option', 'whole permutations ≥ 1 and maximumRows ≥ 2', `${permutations}, ${maximumRows}`);
  }
  if (options.bandwidth !== undefined && !isPositive(options.bandwidth)) {
    return refuse('invalid-option', 'a bandwidth above 0', String(options.bandwidth));
  }
  const first = sampleRows(reference, maximumRows, options.random);
  const second = sampleRows(current, maximumRows, options.random);
  const rows = [...first, ...second];
  const size = rows.length;
  const kernel = new Float64Array(size * size);
  const upper = new Float64Array((size * (size - 1)) / 2);
  let next = 0;
  for (let i = 0; i < size; i += 1) {
    for (let j = i + 1; j < size; j += 1) {
      const distance = squaredDistance(rows[i]!, rows[j]!);
      kernel[i * size + j] = distance;
      upper[next] = distance;
      next += 1;
    }
  }
  upper.sort();
  const median = Math.sqrt(upper[Math.floor(upper.length / 2)]!);
  const bandwidth = options.bandwidth ?? (median > 0 ? median : Math.sqrt(upper[upper.length - 1]!));
  if (!(bandwidth > 0 && Number.isFinite(bandwidth))) return refuse('constant', 'rows that differ', 'equal rows only');
  const scale = -1 / (2 * bandwidth * bandwidth);
  for (let i = 0; i < size; i += 1) {
    for (let j = i + 1; j < size; j += 1) {
      const value = Math.exp(kernel[i * size + j]! * scale);
      kernel[i * size + j] = value;
      kernel[j * size + i] = value;
    }
  }
  const order = Uint32Array.from({ length: size }, (_, index) => index);
  const statistic = discrepancy(kernel, size, order, first.length);
  let atLeast = 0;
  for (let round = 0; round < permutations; round += 1) {
    const shuffled = drawPositions(size, size, options.random);
    if (discrepancy(kernel, size, shuffled, first.length) >= statistic - ROUNDING) atLeast += 1;
  }
  return {
    ok: true,
    statistic,
    pValue: (1 + atLeast) / (1 + permutations),
    method: 'permutation',
    permutations,
    bandwidth,
    referenceRows: first.length,
    currentRows: second.length,
  };
}

function sampleRows(rows: Rows, maximum: number, random: RandomSource): ArrayLike<number>[] {
  if (rows.length <= maximum) return Array.from(rows);
  return Array.from(drawPositions(rows.length, maximum, random), (index) => rows[index]!);
}

function squaredDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let j = 0; j < a.length; j += 1) sum += (a[j]! - b[j]!) ** 2;
  return sum;
}

/** Σ_{i≠j} k(x,x')/(m(m-1)) + Σ k(y,y')/(n(n-1)) - 2 Σ k(x,y)/(mn) for the first m of `order` against the rest. */
function discrepancy(kernel: Float64Array, size: number, order: Uint32Array, m: number): number {
  const isFirst = new Uint8Array(size);
  for (let i = 0; i < m; i += 1) isFirst[order[i]!] = 1;
  let within = 0;
  let other = 0;
  let across = 0;
  for (let i = 0; i < size; i += 1) {
    let same = 0;
    let cross = 0;
    const mine = isFirst[i];
    for (let j = 0; j < size; j += 1) {
      if (isFirst[j] === mine) same += kernel[i * size + j]!;
      else cross += kernel[i * size + j]!;
    }
    if (mine === 1) {
      within += same;
      across += cross;
    } else other += same;
  }
  const n = size - m;
  return within / (m * (m - 1)) + other / (n * (n - 1)) - (2 * across) / (m * n);
}
