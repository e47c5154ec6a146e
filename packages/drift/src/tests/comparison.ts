// The common form of two samples: the sorted distinct values with how often each occurs on either side.
// Every one-dimensional test of this package depends on the samples only through this table, so raw
// samples and stored counts go through the same code.
import { type Answer, type Refusal, refuse } from '../refusal.ts';

export interface PooledTable {
  /** Distinct values, ascending. For counts these are the representatives of the bins. */
  readonly values: Float64Array;
  readonly reference: Float64Array;
  readonly current: Float64Array;
  readonly referenceSize: number;
  readonly currentSize: number;
  /** 'samples': every value is known exactly. 'counts': values are known only up to their bin. */
  readonly source: 'samples' | 'counts';
}

/** A table of both samples, or why there is none; the tests pass a refusal on. */
export type Comparison = Answer<PooledTable>;

/**
 * Which values are there, and how many are missing? Splits off NaN, null and undefined; infinities stay and are refused
 * by the tests. Assumes nothing and never refuses: no list gives no values. Source: definition.
 */
export function dropMissing(values: ArrayLike<number | null | undefined>): {
  readonly values: Float64Array;
  readonly missing: number;
} {
  const kept = new Float64Array(values?.length ?? 0);
  let size = 0;
  for (let index = 0; index < kept.length; index += 1) {
    const value = values[index];
    if (value === null || value === undefined || Number.isNaN(value)) continue;
    kept[size] = value;
    size += 1;
  }
  return { values: kept.subarray(0, size), missing: kept.length - size };
}

/** Refuses unless there are at least `minimum` values and all are finite numbers. */
export function checkSample(values: ArrayLike<number>, name: string, minimum: number): Refusal | undefined {
  if (values === null || values === undefined || typeof values.length !== 'number') {
    return refuse('invalid-input', `an array of numbers as ${name}`, String(values));
  }
  if (values.length === 0) return refuse('empty-sample', `at least ${minimum} values in ${name}`, 'none');
  for (let index = 0; index < values.length; index += 1) {
    if (!Number.isFinite(values[index])) {
      return refuse(
        'not-finite',
        `finite numbers only in ${name}; use dropMissing to count missing values apart`,
        `${String(values[index])} at position ${index}`,
      );
    }
  }
  if (values.length < minimum) {
    return refuse('too-few-values', `at least ${minimum} values in ${name}`, String(values.length));
  }
  return undefined;
}

/**
 * The table that every one-dimensional test reads: the distinct values of two raw samples and how often each occurs on
 * either side. O(N log N). Assumes nothing; the tests say what they do. Refuses what is no array, fewer than 2 values a
 * side and anything that is not a finite number. Source: definition.
 */
export function compareSamples(reference: ArrayLike<number>, current: ArrayLike<number>): Comparison {
  const problem = checkSample(reference, 'reference', 2) ?? checkSample(current, 'current', 2);
  return problem ?? { ok: true, ...poolSamples(reference, current) };
}

/** The table of two samples of finite numbers, at least one each. */
export function poolSamples(reference: ArrayLike<number>, current: ArrayLike<number>): PooledTable {
  const first = Float64Array.from(reference).sort();
  const second = Float64Array.from(current).sort();
  const values = new Float64Array(first.length + second.length);
  const firstCounts = new Float64Array(values.length);
  const secondCounts = new Float64Array(values.length);
  let size = 0;
  let i = 0;
  let j = 0;
  while (i < first.length || j < second.length) {
    const value = Math.min(first[i] ?? Number.POSITIVE_INFINITY, second[j] ?? Number.POSITIVE_INFINITY);
    const firstStart = i;
    const secondStart = j;
    while (i < first.length && first[i] === value) i += 1;
    while (j < second.length && second[j] === value) j += 1;
    values[size] = value;
    firstCounts[size] = i - firstStart;
    secondCounts[size] = j - secondStart;
    size += 1;
  }
  return {
    values: values.slice(0, size),
    reference: firstCounts.slice(0, size),
    current: secondCounts.slice(0, size),
    referenceSize: first.length,
    currentSize: second.length,
    source: 'samples',
  };
}

/** Refuses unless both lists hold whole, non-negative counts of the same length and at least `minimum` rows a side. */
export function checkCounts(
  reference: ArrayLike<number>,
  current: ArrayLike<number>,
  minimum: number,
): Refusal | { ok: true; referenceSize: number; currentSize: number } {
  if (typeof reference?.length !== 'number' || typeof current?.length !== 'number') {
    return refuse('invalid-input', 'an array of counts for each side', `${String(reference)}, ${String(current)}`);
  }
  if (reference.length !== current.length) {
    return refuse('mismatched-shape', 'one count per cell on both sides', `${reference.length} and ${current.length}`);
  }
  let referenceSize = 0;
  let currentSize = 0;
  for (let index = 0; index < reference.length; index += 1) {
    const a = reference[index]!;
    const b = current[index]!;
    if (!(Number.isInteger(a) && a >= 0 && Number.isInteger(b) && b >= 0)) {
      return refuse('invalid-counts', 'whole counts of 0 or more', `${String(a)} and ${String(b)} in cell ${index}`);
    }
    referenceSize += a;
    currentSize += b;
  }
  if (referenceSize === 0 || currentSize === 0) {
    return refuse('empty-sample', 'rows on both sides', `${referenceSize} and ${currentSize}`);
  }
  if (Math.min(referenceSize, currentSize) < minimum) {
    return refuse('too-few-values', `at least ${minimum} rows on each side`, `${referenceSize} and ${currentSize}`);
  }
  return { ok: true, referenceSize, currentSize };
}

/**
 * The same table from counts over ordered bins. `values` are strictly ascending representatives of the bins: any
 * increasing numbers do for the rank tests; Wasserstein, energy and Welch read them as the values of the rows in the
 * bin. Empty bins are left out.
 * Assumes the same bins on both sides. Refuses what are no arrays, lists of different length, counts that are not
 * whole, fewer than 2 rows a side, and values that do not rise or are not finite. Source: definition.
 */
export function compareCounts(
  values: ArrayLike<number>,
  reference: ArrayLike<number>,
  current: ArrayLike<number>,
): Comparison {
  const checked = checkCounts(reference, current, 2);
  if (!checked.ok) return checked;
  if (typeof values?.length !== 'number' || values.length !== reference.length) {
    return refuse('mismatched-shape', 'one value per bin', `${values?.length} values, ${reference.length} bins`);
  }
  for (let index = 0; index < values.length; index += 1) {
    if (!Number.isFinite(values[index])) return refuse('not-finite', 'finite values', String(values[index]));
    if (index > 0 && !(values[index]! > values[index - 1]!)) {
      return refuse('invalid-input', 'strictly ascending values', `${values[index - 1]} then ${values[index]}`);
    }
  }
  const occupied: number[] = [];
  for (let index = 0; index < values.length; index += 1) {
    if (reference[index]! + current[index]! > 0) occupied.push(index);
  }
  return {
    ok: true,
    values: Float64Array.from(occupied, (index) => values[index]!),
    reference: Float64Array.from(occupied, (index) => reference[index]!),
    current: Float64Array.from(occupied, (index) => current[index]!),
    referenceSize: checked.referenceSize,
    currentSize: checked.currentSize,
    source: 'counts',
  };
}

/** What every test with a p-value answers. */
export interface TestResult {
  readonly statistic: number;
  /** Probability, when both samples come from one distribution and rows are independent, of a statistic at least this extreme. */
  readonly pValue: number;
  readonly method: 'exact' | 'asymptotic' | 'interpolated' | 'permutation';
  readonly referenceSize: number;
  readonly currentSize: number;
}
