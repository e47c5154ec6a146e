import { type Answer, refuse } from '../refusal.ts';

export type NumericColumn = ArrayLike<number | null | undefined>;
export type CategoryColumn = ArrayLike<string | boolean | null | undefined>;

export type ReferenceColumn =
  | { readonly kind: 'numeric'; readonly values: NumericColumn }
  | { readonly kind: 'categorical'; readonly values: CategoryColumn };

/** A numeric feature as counts over fixed cells: below the reference, its quantile bins, above the reference. */
export interface NumericReference {
  readonly kind: 'numeric';
  /** Upper, inclusive ends of all cells but the last, ascending. The first lies just below the smallest value. */
  readonly edges: Float64Array;
  /** Reference rows per cell; the first and the last cell are empty by construction. */
  readonly counts: Float64Array;
  /** A typical value of each cell: the mean of the reference values in it. */
  readonly representatives: Float64Array;
  readonly missing: number;
  readonly mean: number;
  readonly standardDeviation: number;
}

/** A categorical feature as counts over a fixed table and one cell for every other category. */
export interface CategoricalReference {
  readonly kind: 'categorical';
  /** Ascending by code unit. */
  readonly categories: readonly string[];
  /** Reference rows per category, then rows of any other category. */
  readonly counts: Float64Array;
  readonly missing: number;
  /** True when half of the rows chose the table and only the other half was counted; see `buildReferenceProfile`. */
  readonly isSplit: boolean;
}

export type FeatureReference = NumericReference | CategoricalReference;

/** What the reference looked like, with everything needed to count and judge later rows. Immutable. */
export interface ReferenceProfile {
  readonly version: 1;
  /** In the order of the columns given. */
  readonly features: readonly { readonly name: string; readonly reference: FeatureReference }[];
}

export interface ProfileOptions {
  /** Quantile bins per numeric feature, 2 to 4,096. More bins resolve finer and cost memory. Default 64. */
  readonly bins?: number;
  /** Longest category table. Default 1,000. */
  readonly maximumCategories?: number;
}

/** With at least this many rows in every category the table is certain and all rows can be counted. */
const SAFE_CATEGORY_ROWS = 20;
/** Fewest rows in the choosing half that earn a category its own cell. */
const CHOSEN_CATEGORY_ROWS = 5;
/** Fewest present values a feature needs. */
const MINIMUM_VALUES = 20;

/**
 * What did a training set or a quiet period look like? Its counts over fixed cells, against which later windows are
 * counted and judged. One pass and a sort per numeric column.
 *
 * Numeric: bins end at the reference's quantiles x₍⌈kn/bins⌉₎, so that each holds about the same share; up to `bins`
 * distinct values get a bin each. NaN, null and undefined are missing; infinities fall into the outermost cells of
 * later windows but are refused here.
 *
 * Categorical: choosing the table by how often categories occur and counting the same rows would make frequent
 * categories look more frequent than they are, and every later window look drifted. So unless every category occurs 20
 * times and all fit the table, the even rows choose it (5 rows earn a cell, everything else is "other") and only the
 * odd rows are counted.
 *
 * Assumes that even and odd rows are alike: an order without such a pattern.
 * Refuses settings out of range, no columns, a column of another kind, fewer than 20 present values in any, and an
 * infinity in a numeric one: the whole profile when one feature cannot be profiled, naming it. Source: definition;
 * Hyndman and Fan (1996), type 1, for the quantiles; Cox (1975) for choosing on one half and counting the other.
 */
export function buildReferenceProfile(
  columns: Readonly<Record<string, ReferenceColumn>>,
  options: ProfileOptions = {},
): Answer<{ profile: ReferenceProfile }> {
  const { bins = 64, maximumCategories = 1_000 } = options;
  if (!(Number.isInteger(bins) && bins >= 2 && bins <= 4_096)) {
    return refuse('invalid-option', 'between 2 and 4,096 bins', String(bins));
  }
  if (!(Number.isInteger(maximumCategories) && maximumCategories >= 1)) {
    return refuse('invalid-option', 'maximumCategories of at least 1', String(maximumCategories));
  }
  const names = Object.keys(columns ?? {});
  if (names.length === 0) return refuse('empty-sample', 'at least one column', 'none');
  const features: { name: string; reference: FeatureReference }[] = [];
  for (const name of names) {
    const column = columns[name]!;
    if (typeof column?.values?.length !== 'number' || !['numeric', 'categorical'].includes(column.kind)) {
      return refuse('invalid-input', `a numeric or categorical column as ${name}`, String(column?.kind));
    }
    const built =
      column.kind === 'numeric'
        ? profileNumeric(name, column.values, bins)
        : profileCategorical(name, column.values, maximumCategories);
    if (!built.ok) return built;
    features.push({ name, reference: built.reference });
  }
  return { ok: true, profile: { version: 1, features } };
}

function profileNumeric(name: string, values: NumericColumn, bins: number): Answer<{ reference: NumericReference }> {
  const sorted = new Float64Array(values.length);
  let size = 0;
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index];
    if (value === null || value === undefined || Number.isNaN(value)) continue;
    if (!Number.isFinite(value)) {
      return refuse('not-finite', `finite numbers in the reference of ${name}`, `${String(value)} in row ${index}`);
    }
    sorted[size] = value;
    size += 1;
  }
  if (size < MINIMUM_VALUES) {
    const reason = size === 0 ? 'empty-sample' : 'too-few-values';
    return refuse(
      reason,
      `at least ${MINIMUM_VALUES} values of ${name}`,
      `${size} and ${values.length - size} missing`,
    );
  }
  const present = sorted.subarray(0, size).sort();
  const edges = chooseEdges(present, bins);
  const counts = new Float64Array(edges.length + 1);
  const representatives = new Float64Array(edges.length + 1);
  let position = 0;
  let sum = 0;
  for (let cell = 0; cell < edges.length; cell += 1) {
    const start = position;
    let cellSum = 0;
    while (position < size && present[position]! <= edges[cell]!) {
      cellSum += present[position]!;
      position += 1;
    }
    counts[cell] = position - start;
    representatives[cell] = position > start ? cellSum / (position - start) : present[0]!;
    sum += cellSum;
  }
  representatives[edges.length] = present[size - 1]!;
  const mean = sum / size;
  let squares = 0;
  for (let index = 0; index < size; index += 1) squares += (present[index]! - mean) ** 2;
  return {
    ok: true,
    reference: {
      kind: 'numeric',
      edges,
      counts,
      representatives,
      missing: values.length - size,
      mean,
      standardDeviation: present[0] === present[size - 1] ? 0 : Math.sqrt(squares / (size - 1)),
    },
  };
}

/** Distinct values at the quantiles k/bins, preceded by the number just below the smallest value. */
function chooseEdges(sorted: Float64Array, bins: number): Float64Array {
  const edges = [previousNumber(sorted[0]!)];
  const distinct = countDistinct(sorted, bins);
  if (distinct !== undefined) {
    edges.push(...distinct);
  } else {
    for (let k = 1; k <= bins; k += 1) {
      const edge = sorted[Math.ceil((k * sorted.length) / bins) - 1]!;
      if (edge > edges[edges.length - 1]!) edges.push(edge);
    }
  }
  return Float64Array.from(edges);
}

/** The distinct values, or undefined when there are more than `limit`. */
function countDistinct(sorted: Float64Array, limit: number): number[] | undefined {
  const distinct: number[] = [];
  for (let index = 0; index < sorted.length; index += 1) {
    if (index === 0 || sorted[index] !== sorted[index - 1]) {
      if (distinct.length === limit) return undefined;
      distinct.push(sorted[index]!);
    }
  }
  return distinct;
}

/** The largest double below a finite one. */
function previousNumber(value: number): number {
  if (value === 0) return -Number.MIN_VALUE;
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  view.setBigInt64(0, view.getBigInt64(0) + (value > 0 ? -1n : 1n));
  return view.getFloat64(0);
}

function profileCategorical(
  name: string,
  values: CategoryColumn,
  maximumCategories: number,
): Answer<{ reference: CategoricalReference }> {
  const choosing = new Map<string, number>();
  const all = new Map<string, number>();
  let missing = 0;
  let oddMissing = 0;
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index];
    if (value === null || value === undefined) {
      missing += 1;
      oddMissing += index % 2;
      continue;
    }
    const key = String(value);
    all.set(key, (all.get(key) ?? 0) + 1);
    if (index % 2 === 0) choosing.set(key, (choosing.get(key) ?? 0) + 1);
  }
  const size = values.length - missing;
  if (size < MINIMUM_VALUES) {
    const reason = size === 0 ? 'empty-sample' : 'too-few-values';
    return refuse(reason, `at least ${MINIMUM_VALUES} values of ${name}`, `${size} and ${missing} missing`);
  }
  const isSafe = all.size <= maximumCategories && [...all.values()].every((count) => count >= SAFE_CATEGORY_ROWS);
  const categories = isSafe
    ? [...all.keys()]
    : [...choosing]
        .filter(([, count]) => count >= CHOSEN_CATEGORY_ROWS)
        .sort(([a, first], [b, second]) => second - first || (a < b ? -1 : 1))
        .slice(0, maximumCategories)
        .map(([category]) => category);
  categories.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const counts = new Float64Array(categories.length + 1);
  let listed = 0;
  categories.forEach((category, cell) => {
    const count = (all.get(category) ?? 0) - (isSafe ? 0 : (choosing.get(category) ?? 0));
    counts[cell] = count;
    listed += count;
  });
  const chosen = [...choosing.values()].reduce((sum, count) => sum + count, 0);
  counts[categories.length] = (isSafe ? size : size - chosen) - listed;
  return {
    ok: true,
    reference: {
      kind: 'categorical',
      categories,
      counts,
      missing: isSafe ? missing : oddMissing,
      isSplit: !isSafe,
    },
  };
}

/** Cells of a feature, without the one for missing values. */
export function cellCount(reference: FeatureReference): number {
  return reference.counts.length;
}
