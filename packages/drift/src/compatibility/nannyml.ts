// NannyML's univariate methods by their names, with their formulas and defaults (version 0.13.1). As with Evidently,
// this is for parity while migrating: three standard deviations over reference chunks are no calibrated level.
import { areEdgesApart, histogramCounts, histogramEdges } from '../internal/numpy-histogram.ts';
import { type Answer, refuse } from '../refusal.ts';
import { dropMissing, poolSamples } from '../tests/comparison.ts';
import { chiSquareHomogeneity } from '../tests/contingency.ts';
import { kolmogorovSmirnov } from '../tests/kolmogorov-smirnov.ts';
import { wasserstein } from '../tests/sample-distances.ts';

export type NannymlContinuousMethod = 'jensen_shannon' | 'kolmogorov_smirnov' | 'wasserstein' | 'hellinger';
export type NannymlCategoricalMethod = 'jensen_shannon' | 'chi2' | 'hellinger' | 'l_infinity';

export interface NannymlValue {
  readonly value: number;
  /** Only for chi2, whose alert is p < 0.05. */
  readonly pValue: number | null;
}

export interface NannymlMethod {
  readonly method: NannymlContinuousMethod | NannymlCategoricalMethod;
  /** Value of one chunk against the whole reference. */
  calculate(chunk: ArrayLike<number | string | null>): Answer<NannymlValue>;
  /** Mean + 3 deviations (n in the denominator) of the values of reference chunks; null for chi2. */
  readonly upperThreshold: number | null;
  isAlert(value: NannymlValue): boolean;
}

/** From this reference size KS and Wasserstein work on 10,000 equal-width bins. */
const BINNED_FROM = 10_000;
const BINS = 10_000;

/**
 * Has a column's chunk moved from the reference, by one of NannyML's methods? `chunkSize` rows (or, without it, 10
 * chunks) set the alert threshold; a last chunk that is not full is kept, as NannyML does. Missing values are dropped
 * per chunk.
 *
 * `jensen_shannon` (base 2) and `hellinger` are over Doane bins of the reference, or its categories, and one cell for
 * whatever lies outside; `kolmogorov_smirnov` is D, `wasserstein` ∫ |F - G| dx in units of the feature, both over
 * 10,000 bins of equal width from 10,000 reference values on; `l_infinity` is max |r - c|, `chi2` the test of
 * homogeneity.
 * Assumes chunks of the size of the reference's: smaller ones exceed the threshold without drift. `chi2` has no
 * threshold but p < 0.05, and assumes independent rows.
 * Refuses fewer than 2 reference rows, a reference without values, an infinity, a chunk size below 1, a method of
 * another kind of column, and for binned shares values that differ by less than their rounding (NumPy cannot make bins
 * there); `calculate` refuses a chunk without values or with an infinity, and by `chi2` what `chiSquareHomogeneity`
 * does. Source: NannyML 0.13.1, whose own reading of each distance it follows.
 */
export function fitNannyml(
  column:
    | {
        readonly type: 'continuous';
        readonly method?: NannymlContinuousMethod;
        readonly reference: ArrayLike<number | null>;
      }
    | {
        readonly type: 'categorical';
        readonly method?: NannymlCategoricalMethod;
        readonly reference: ArrayLike<string | null>;
      },
  options: { readonly chunkSize?: number } = {},
): Answer<{ fitted: NannymlMethod }> {
  if (!['continuous', 'categorical'].includes(column?.type)) {
    return refuse('invalid-input', "a column of type 'continuous' or 'categorical'", String(column?.type));
  }
  const rows = column.reference?.length ?? 0;
  if (rows < 2) return refuse('too-few-values', 'at least 2 reference rows', String(rows));
  const method = column.method ?? 'jensen_shannon';
  const chunkSize = options.chunkSize ?? Math.floor(rows / 10);
  if (!(Number.isInteger(chunkSize) && chunkSize >= 1)) {
    return refuse('invalid-option', 'a chunk size of at least 1 row, or 10 reference rows', String(chunkSize));
  }
  const calculate =
    column.type === 'continuous'
      ? fitContinuous(method as NannymlContinuousMethod, column.reference)
      : fitCategorical(method as NannymlCategoricalMethod, column.reference);
  if (!calculate.ok) return calculate;
  let upperThreshold: number | null = null;
  if (method !== 'chi2') {
    const values: number[] = [];
    for (const [start, end] of chunkRanges(rows, chunkSize, options.chunkSize === undefined)) {
      const chunk = Array.from({ length: end - start }, (_, index) => column.reference[start + index]!);
      const result = calculate.calculate(chunk);
      if (result.ok) values.push(result.value);
    }
    if (values.length === 0) return refuse('empty-sample', 'reference chunks with values', 'none');
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    upperThreshold = mean + 3 * Math.sqrt(variance);
    // NannyML limits the KS threshold to the range of the statistic.
    if (method === 'kolmogorov_smirnov') upperThreshold = Math.min(1, upperThreshold);
  }
  return {
    ok: true,
    fitted: {
      method,
      calculate: calculate.calculate,
      upperThreshold,
      isAlert: (value) =>
        method === 'chi2' ? value.pValue !== null && value.pValue < 0.05 : value.value > (upperThreshold ?? Infinity),
    },
  };
}

/** By size: full chunks and a shorter last one. By number (10): the last chunk takes the remainder. */
function chunkRanges(rows: number, size: number, byNumber: boolean): [number, number][] {
  const ranges: [number, number][] = [];
  for (let start = 0; start < rows; start += size) ranges.push([start, Math.min(start + size, rows)]);
  if (byNumber && ranges.length > 10) {
    ranges.length = 10;
    ranges[9] = [9 * size, rows];
  }
  return ranges;
}

type Calculator = Answer<{ calculate: NannymlMethod['calculate'] }>;

function fitContinuous(method: NannymlContinuousMethod, column: ArrayLike<number | null>): Calculator {
  const reference = dropMissing(column).values;
  if (reference.length < 2) return refuse('too-few-values', '2 reference values', String(reference.length));
  if (reference.some((value) => !Number.isFinite(value))) return refuse('not-finite', 'finite values', 'an infinity');
  const withValues =
    (compute: (values: Float64Array) => Answer<{ value: number }>): NannymlMethod['calculate'] =>
    (chunk) => {
      const values = dropMissing(chunk as ArrayLike<number | null>).values;
      if (values.length === 0) return refuse('empty-sample', 'values in the chunk', 'none');
      if (values.some((value) => !Number.isFinite(value))) return refuse('not-finite', 'finite values', 'an infinity');
      const result = compute(values);
      return result.ok ? { ok: true, value: result.value, pValue: null } : result;
    };
  const isBinned = reference.length >= BINNED_FROM;
  switch (method) {
    case 'jensen_shannon':
    case 'hellinger': {
      const edges = histogramEdges(reference, 'doane');
      if (!areEdgesApart(edges))
        return refuse('constant', 'values that differ by more than their rounding', 'one value');
      const shares = Array.from(histogramCounts(reference, edges), (count) => count / reference.length);
      return {
        ok: true,
        calculate: withValues((values) => {
          const counts = histogramCounts(values, edges);
          return { ok: true, value: distanceWithLeftover(method, shares, counts, values.length) };
        }),
      };
    }
    case 'kolmogorov_smirnov': {
      if (!isBinned) {
        return {
          ok: true,
          calculate: withValues((values) => {
            const test = kolmogorovSmirnov({ ok: true, ...poolSamples(reference, values) }, { method: 'asymptotic' });
            return test.ok ? { ok: true, value: test.statistic } : test;
          }),
        };
      }
      const edges = histogramEdges(reference, { bins: BINS });
      const cumulative = cumulate(histogramCounts(reference, edges), reference.length, 0);
      return {
        ok: true,
        calculate: withValues((values) => {
          const under = values.filter((value) => value < edges[0]!).length / values.length;
          const current = cumulate(histogramCounts(values, edges), values.length, under);
          return { ok: true, value: cumulative.reduce((best, f, k) => Math.max(best, Math.abs(f - current[k]!)), 0) };
        }),
      };
    }
    case 'wasserstein': {
      if (!isBinned) {
        return {
          ok: true,
          calculate: withValues((values) => {
            const result = wasserstein({ ok: true, ...poolSamples(reference, values) });
            return result.ok ? { ok: true, value: result.distance } : result;
          }),
        };
      }
      const edges = histogramEdges(reference, { bins: BINS });
      const cumulative = cumulate(histogramCounts(reference, edges), reference.length, 0);
      return { ok: true, calculate: withValues((values) => binnedWasserstein(values, edges, cumulative)) };
    }
    default:
      return refuse('invalid-option', "one of NannyML's continuous methods", String(method));
  }
}

function fitCategorical(method: NannymlCategoricalMethod, column: ArrayLike<string | null>): Calculator {
  const reference = countCategories(column);
  if (reference.size === 0) return refuse('empty-sample', 'reference values', 'none');
  if (!['jensen_shannon', 'hellinger', 'chi2', 'l_infinity'].includes(method)) {
    return refuse('invalid-option', "one of NannyML's categorical methods", String(method));
  }
  const keys = [...reference.counts.keys()];
  return {
    ok: true,
    calculate(chunk) {
      const current = countCategories(chunk as ArrayLike<string | null>);
      if (current.size === 0) return refuse('empty-sample', 'values in the chunk', 'none');
      const all = [...new Set([...keys, ...current.counts.keys()])];
      const first = all.map((key) => reference.counts.get(key) ?? 0);
      const second = all.map((key) => current.counts.get(key) ?? 0);
      if (method === 'chi2') {
        // SciPy's chi-square of a table with one column.
        if (all.length === 1) return { ok: true, value: 0, pValue: 1 };
        const test = chiSquareHomogeneity(first, second);
        return test.ok ? { ok: true, value: test.statistic, pValue: test.pValue } : test;
      }
      if (method === 'l_infinity') {
        const gaps = first.map((count, k) => Math.abs(count / reference.size - second[k]! / current.size));
        return { ok: true, value: Math.max(...gaps), pValue: null };
      }
      const shares = keys.map((key) => reference.counts.get(key)! / reference.size);
      const counts = keys.map((key) => current.counts.get(key) ?? 0);
      return { ok: true, value: distanceWithLeftover(method, shares, counts, current.size), pValue: null };
    },
  };
}

/**
 * Rows outside the reference's cells become one extra cell. Counted in whole rows: NannyML takes one minus the sum of
 * the shares, whose rounding (1e-16) leaves 1e-8 of a distance that is 0.
 */
function distanceWithLeftover(
  method: 'jensen_shannon' | 'hellinger',
  reference: readonly number[],
  counts: ArrayLike<number>,
  size: number,
): number {
  const inside = Array.from(counts);
  const leftover = size - inside.reduce((sum, count) => sum + count, 0);
  const p = [...reference, 0];
  const q = [...inside, leftover].map((count) => count / size);
  const sum = p.reduce((total, a, k) => total + (method === 'hellinger' ? rootGap(a, q[k]!) : divergence(a, q[k]!)), 0);
  return Math.sqrt(method === 'hellinger' ? sum / 2 : sum / Math.LN2 / 2);
}

const rootGap = (a: number, b: number): number => (Math.sqrt(a) - Math.sqrt(b)) ** 2;

/** a ln(a/m) + b ln(b/m) with m = (a + b)/2, from what is left of a small difference rather than of two large terms. */
function divergence(a: number, b: number): number {
  const middle = (a + b) / 2;
  if (middle === 0) return 0;
  const skew = (a - b) / (a + b);
  if (Math.abs(skew) === 1) return 2 * middle * Math.LN2;
  const square = skew * skew;
  // (1 + s) ln(1 + s) + (1 - s) ln(1 - s) = s² + s⁴/6 + s⁶/15 + …
  if (square < 1e-4) return middle * square * (1 + square / 6 + (square * square) / 15);
  return middle * ((1 + skew) * Math.log1p(skew) + (1 - skew) * Math.log1p(-skew));
}

function cumulate(counts: Float64Array, size: number, start: number): Float64Array {
  let sum = 0;
  return counts.map((count) => {
    sum += count / size;
    return start + sum;
  });
}

function binnedWasserstein(
  values: Float64Array,
  edges: Float64Array,
  reference: Float64Array,
): Answer<{ value: number }> {
  const lowest = edges[0]!;
  const highest = edges[edges.length - 1]!;
  const binWidth = edges[1]! - lowest;
  const smaller = values.filter((value) => value < lowest).sort();
  const bigger = values.filter((value) => value > highest).sort();
  // The tail terms weigh by (rows + 1)/n and measure against the nearest edge: NannyML's own convention.
  const smallerShare = smaller.length > 0 ? (smaller.length + 1) / values.length : 0;
  let below = 0;
  for (let k = 0; k < smaller.length; k += 1) {
    below += ((k + 1) / (smaller.length + 1)) * ((smaller[k + 1] ?? lowest) - smaller[k]!);
  }
  let above = 0;
  for (let k = 0; k < bigger.length; k += 1) {
    const previous = k === 0 ? highest : bigger[k - 1]!;
    above += (1 - (k + 1) / (bigger.length + 1)) * (bigger[k]! - previous);
  }
  const current = cumulate(histogramCounts(values, edges), values.length, smallerShare);
  const within = reference.reduce((sum, f, k) => sum + Math.abs(f - current[k]!) * binWidth, 0);
  const aboveShare = bigger.length > 0 ? (bigger.length + 1) / values.length : 0;
  return { ok: true, value: within + below * smallerShare + above * aboveShare };
}

function countCategories(column: ArrayLike<string | null>): { counts: Map<string, number>; size: number } {
  const counts = new Map<string, number>();
  let size = 0;
  for (let index = 0; index < (column?.length ?? 0); index += 1) {
    const value = column[index];
    if (value === null || value === undefined) continue;
    counts.set(value, (counts.get(value) ?? 0) + 1);
    size += 1;
  }
  return { counts, size };
}
