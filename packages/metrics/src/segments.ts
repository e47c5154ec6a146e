import { normalSurvival, studentTSurvival } from '@switchyard/special-functions';
import { binaryLogLoss } from './binary-tally.ts';
import { type ConfidenceOptions, checkedPoint, type Estimate, wilson } from './estimate.ts';
import {
  type BinaryLabel,
  checkOneOf,
  checkRows,
  checkSameLength,
  checkWhole,
  invalidBinaryLabel,
  isMissing,
  type NumericLabel,
  notAProbability,
  notFinite,
} from './internal/check.ts';
import { type Failure, failure, type Result } from './result.ts';

/**
 * A metric that is Σ numerators / Σ denominators over rows; a NaN denominator marks a row that cannot be counted yet.
 * `isRate`: every entry is 0 or 1, so that Wilson's interval holds.
 */
export interface RowContributions {
  readonly numerators: Float64Array;
  readonly denominators: Float64Array;
  readonly isRate: boolean;
}

const BINARY_METRICS = [
  'accuracy',
  'precision',
  'recall',
  'false-positive-rate',
  'prevalence',
  'alert-rate',
  'log-loss',
  'brier-score',
] as const;
export type BinarySegmentMetric = (typeof BINARY_METRICS)[number];

const REGRESSION_METRICS = ['absolute-error', 'squared-error', 'bias', 'weighted-percentage-error'] as const;

/**
 * What does each row add to a binary metric? For `segmentTable`.
 *
 * Formula: metric = Σ numerators/Σ denominators, such as precision with label·prediction over prediction. Unlabelled
 * rows are marked, not dropped, so that segments keep their label coverage.
 * Assumes nothing of the rows. Domain: labels 0/1 or missing, finite scores on labelled rows and threshold.
 * Fails on no row, one row, columns of different length, NaN scores, labels that are neither class, and on scores
 * outside [0, 1] for log loss and Brier score (`not-a-probability`).
 * Source: definitions as `binaryMetrics`.
 */
export function binaryContributions(
  labels: ArrayLike<BinaryLabel>,
  scores: ArrayLike<number>,
  metric: BinarySegmentMetric,
  threshold = 0.5,
): Result<RowContributions> {
  const problem =
    checkSameLength('scores', scores.length, labels.length) ??
    checkRows(labels.length) ??
    checkOneOf('metric', metric, BINARY_METRICS);
  if (problem) return problem;
  if (!Number.isFinite(threshold)) return failure('invalid-argument', 'threshold must be a finite number');
  const numerators = new Float64Array(labels.length);
  const denominators = new Float64Array(labels.length).fill(Number.NaN);
  const needsProbability = metric === 'log-loss' || metric === 'brier-score';
  for (let row = 0; row < labels.length; row += 1) {
    const label = labels[row];
    const score = scores[row] as number;
    if (isMissing(label)) continue;
    const positive = label === true ? 1 : label === false ? 0 : label;
    if (positive !== 0 && positive !== 1) return invalidBinaryLabel(row);
    if (!Number.isFinite(score)) return notFinite('scores', row);
    if (needsProbability && (score < 0 || score > 1)) return notAProbability(row);
    [numerators[row], denominators[row]] = binaryContribution(metric, positive, score, score >= threshold ? 1 : 0);
  }
  return { ok: true, numerators, denominators, isRate: !needsProbability };
}

function binaryContribution(
  metric: BinarySegmentMetric,
  actual: number,
  score: number,
  predicted: number,
): [number, number] {
  switch (metric) {
    case 'accuracy':
      return [actual === predicted ? 1 : 0, 1];
    case 'precision':
      return [actual * predicted, predicted];
    case 'recall':
      return [actual * predicted, actual];
    case 'false-positive-rate':
      return [(1 - actual) * predicted, 1 - actual];
    case 'prevalence':
      return [actual, 1];
    case 'alert-rate':
      return [predicted, 1];
    case 'log-loss':
      return [binaryLogLoss(actual, score), 1];
    case 'brier-score':
      return [(actual - score) ** 2, 1];
  }
}

/**
 * What does each row add to a regression metric? For `segmentTable`.
 *
 * Formula: |e|, e², e (bias) over 1, or |e| over |target| (the weighted percentage error); e = prediction − target.
 * Unlabelled rows are marked, not dropped.
 * Assumes nothing of the rows. Domain: finite targets (or missing) and predictions.
 * Fails on no row, one row, columns of different length and NaN predictions. Source: definitions as
 * `regressionMetrics`.
 */
export function regressionContributions(
  targets: ArrayLike<NumericLabel>,
  predictions: ArrayLike<number>,
  metric: (typeof REGRESSION_METRICS)[number],
): Result<RowContributions> {
  const problem =
    checkSameLength('predictions', predictions.length, targets.length) ??
    checkRows(targets.length) ??
    checkOneOf('metric', metric, REGRESSION_METRICS);
  if (problem) return problem;
  const numerators = new Float64Array(targets.length);
  const denominators = new Float64Array(targets.length).fill(Number.NaN);
  for (let row = 0; row < targets.length; row += 1) {
    const target = targets[row];
    if (isMissing(target)) continue;
    if (!Number.isFinite(target)) return notFinite('targets', row);
    const error = (predictions[row] as number) - target;
    if (!Number.isFinite(error)) return notFinite('predictions', row);
    numerators[row] = metric === 'bias' ? error : metric === 'squared-error' ? error * error : Math.abs(error);
    denominators[row] = metric === 'weighted-percentage-error' ? Math.abs(target) : 1;
  }
  return { ok: true, numerators, denominators, isRate: false };
}

export interface SegmentRow {
  /** The dimension and the value that make the segment, such as tier = gold. */
  readonly dimension: string;
  readonly segment: string;
  readonly rows: number;
  readonly labelled: number;
  readonly labelCoverage: number;
  /** The metric here, or why it has none. */
  readonly metric: Result<Estimate>;
  /** This segment less all other rows, with the chance of a gap this wide if there were none. */
  readonly comparison: Result<{
    readonly difference: number;
    readonly pValue: number;
    /** Benjamini–Hochberg over all segments in the table. */
    readonly adjustedPValue: number;
  }>;
  /** How far the overall figure would move if this segment were like the rest: share of the denominator × difference. */
  readonly impact: number | null;
}

/**
 * In which segments is the model better or worse? One row for each value of each dimension, the ones that move the
 * overall figure most first.
 *
 * Formula: rates get Wilson's interval and a pooled two-proportion z-test against the rest; other metrics the delta
 * method for Σa/Σb (variance of a − R·b) and Welch's t-test. p-values are adjusted over all segments
 * (Benjamini–Hochberg 1995), so at most the stated share of the segments called different are false alarms. A row
 * without a value for a dimension is the segment `(missing)`. Segments with fewer than `minimumRows` (30) labelled rows
 * are shown without comparison.
 * Assumes independent rows. Domain: one value of each dimension for each row. Fails without dimensions (`empty`),
 * without labelled rows (`all-missing`) or with one, with columns of different length. A segment without an answer
 * carries its reason.
 * Source: Wilson, JASA 22 (1927); Welch, Biometrika 34 (1947); Benjamini and Hochberg, JRSS-B 57 (1995).
 */
export function segmentTable(
  segments: Readonly<Record<string, ArrayLike<string | number | boolean | null | undefined>>>,
  contributions: RowContributions,
  options: ConfidenceOptions & { readonly minimumRows?: number } = {},
): Result<{ readonly overall: Estimate; readonly rows: readonly SegmentRow[] }> {
  const { minimumRows = 30 } = options;
  const checked = checkedPoint(options);
  if (!checked.ok) return checked;
  const problem = checkWhole('minimumRows', minimumRows, 2) ?? checkColumns(segments, contributions);
  if (problem) return problem;
  const all = new Sums();
  for (let row = 0; row < contributions.numerators.length; row += 1) all.add(contributions, row);
  if (all.labelled === 0) return failure(all.rows === 0 ? 'empty' : 'all-missing', 'at least two labelled rows');
  const overall = all.estimate(contributions.isRate, checked.point);
  if (!overall.ok) return overall;
  const rows: SegmentRow[] = [];
  for (const [dimension, column] of Object.entries(segments)) {
    for (const [segment, sums] of bySegment(column, contributions)) {
      const comparison =
        sums.labelled < minimumRows
          ? failure('too-few-rows', `at least ${minimumRows} labelled rows; there are ${sums.labelled}`)
          : sums.compareWith(all.without(sums), contributions.isRate);
      rows.push({
        dimension,
        segment,
        rows: sums.rows,
        labelled: sums.labelled,
        labelCoverage: sums.labelled / sums.rows,
        metric: sums.estimate(contributions.isRate, checked.point),
        comparison: comparison.ok ? { ...comparison, adjustedPValue: 1 } : comparison,
        impact: comparison.ok ? (sums.b / all.b) * comparison.difference : null,
      });
    }
  }
  return { ok: true, overall, rows: adjust(rows).sort((x, y) => Math.abs(y.impact ?? 0) - Math.abs(x.impact ?? 0)) };
}

function checkColumns(
  segments: Readonly<Record<string, ArrayLike<unknown>>>,
  { numerators, denominators }: RowContributions,
): Failure | undefined {
  const columns = Object.entries(segments);
  if (columns.length === 0) return failure('empty', 'at least one dimension');
  for (const [name, column] of columns) {
    const mismatch = checkSameLength(`segments.${name}`, column.length, numerators.length);
    if (mismatch) return mismatch;
  }
  const mismatch = checkSameLength('denominators', denominators.length, numerators.length);
  if (mismatch) return mismatch;
  const broken = numerators.findIndex((value, row) => !Number.isNaN(denominators[row]) && !Number.isFinite(value));
  return broken < 0 ? undefined : notFinite('numerators', broken);
}

function bySegment(column: ArrayLike<string | number | boolean | null | undefined>, contributions: RowContributions) {
  const groups = new Map<string, Sums>();
  for (let row = 0; row < column.length; row += 1) {
    const value = column[row];
    const key = isMissing(value) ? '(missing)' : String(value);
    let sums = groups.get(key);
    if (sums === undefined) {
      sums = new Sums();
      groups.set(key, sums);
    }
    sums.add(contributions, row);
  }
  return groups;
}

class Sums {
  rows = 0;
  labelled = 0;
  a = 0;
  b = 0;
  aa = 0;
  ab = 0;
  bb = 0;

  add({ numerators, denominators }: RowContributions, row: number): void {
    this.rows += 1;
    const b = denominators[row] as number;
    if (Number.isNaN(b)) return;
    const a = numerators[row] as number;
    this.labelled += 1;
    this.a += a;
    this.b += b;
    this.aa += a * a;
    this.ab += a * b;
    this.bb += b * b;
  }

  without(part: Sums): Sums {
    const rest = new Sums();
    for (const name of ['rows', 'labelled', 'a', 'b', 'aa', 'ab', 'bb'] as const) rest[name] = this[name] - part[name];
    return rest;
  }

  /** Variance of Σa/Σb. */
  variance(): number {
    const ratio = this.a / this.b;
    // Σ(a − Rb) is 0, so its squares are the variance.
    const squares = Math.max(0, this.aa - 2 * ratio * this.ab + ratio * ratio * this.bb);
    return (squares * this.labelled) / (this.labelled - 1) / (this.b * this.b);
  }

  estimate(isRate: boolean, z: number): Result<Estimate> {
    const few = checkRows(this.labelled);
    if (few) return few;
    if (!(this.b > 0))
      return failure('zero-denominator', 'rows that the metric counts (such as actual positives for recall)');
    const value = this.a / this.b;
    if (isRate) return { ok: true, ...wilson(value, this.b, z) };
    const half = z * Math.sqrt(this.variance());
    return { ok: true, value, lower: value - half, upper: value + half, count: this.labelled, method: 'delta' };
  }

  compareWith(rest: Sums, isRate: boolean): Result<{ readonly difference: number; readonly pValue: number }> {
    if (!(this.b > 0 && rest.b > 0) || rest.labelled < 2) {
      return failure('zero-denominator', 'rows that the metric counts, here and among the other rows');
    }
    const difference = this.a / this.b - rest.a / rest.b;
    if (isRate) {
      const pooled = (this.a + rest.a) / (this.b + rest.b);
      const error = Math.sqrt(pooled * (1 - pooled) * (1 / this.b + 1 / rest.b));
      if (error === 0) return failure('constant', 'rows that differ in the metric');
      return { ok: true, difference, pValue: Math.min(1, 2 * normalSurvival(Math.abs(difference) / error)) };
    }
    const [own, other] = [this.variance(), rest.variance()];
    const error = Math.sqrt(own + other);
    if (!(error > 0)) return failure('constant', 'rows that differ in the metric');
    const degrees = (own + other) ** 2 / (own ** 2 / (this.labelled - 1) + other ** 2 / (rest.labelled - 1));
    return { ok: true, difference, pValue: Math.min(1, 2 * studentTSurvival(Math.abs(difference) / error, degrees)) };
  }
}

/** Benjamini–Hochberg: p·m/rank, made to rise with p. */
function adjust(rows: readonly SegmentRow[]): SegmentRow[] {
  const tested = rows.flatMap((row) => (row.comparison.ok ? [row.comparison.pValue] : [])).sort((a, b) => a - b);
  const adjusted = new Map<number, number>();
  let smallest = 1;
  for (let rank = tested.length; rank >= 1; rank -= 1) {
    const pValue = tested[rank - 1] as number;
    smallest = Math.min(smallest, (pValue * tested.length) / rank);
    adjusted.set(pValue, smallest);
  }
  return rows.map((row) =>
    row.comparison.ok
      ? { ...row, comparison: { ...row.comparison, adjustedPValue: adjusted.get(row.comparison.pValue) as number } }
      : row,
  );
}
