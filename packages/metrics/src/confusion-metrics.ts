import { type ConfidenceOptions, checkedPoint, clampEstimate, type Estimate, wilson } from './estimate.ts';
import { checkPositive, checkRows, firstFailure } from './internal/check.ts';
import { type Failure, type FailureReason, failure, type Result } from './result.ts';

/** The four cells of a binary confusion matrix: rows, or weights' worth of rows. */
export interface ConfusionCells {
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly falseNegatives: number;
  readonly trueNegatives: number;
}

/** What one outcome of each cell is worth (gains positive, costs negative), in the caller's currency. */
export interface OutcomeValues {
  readonly truePositive: number;
  readonly falsePositive: number;
  readonly falseNegative: number;
  readonly trueNegative: number;
}

export interface ConfusionMetrics {
  readonly accuracy: Result<Estimate>;
  readonly precision: Result<Estimate>;
  readonly recall: Result<Estimate>;
  readonly specificity: Result<Estimate>;
  readonly falsePositiveRate: Result<Estimate>;
  readonly falseNegativeRate: Result<Estimate>;
  readonly negativePredictiveValue: Result<Estimate>;
  readonly prevalence: Result<Estimate>;
  /** Share of rows predicted positive. */
  readonly alertRate: Result<Estimate>;
  readonly alertsPerThousand: Result<Estimate>;
  readonly f1: Result<Estimate>;
  readonly fBeta: Result<Estimate>;
  readonly jaccard: Result<Estimate>;
  readonly balancedAccuracy: Result<Estimate>;
  readonly matthewsCorrelation: Result<Estimate>;
  readonly cohensKappa: Result<Estimate>;
  /** Mean value of a row under `values`; a reason when none were given. */
  readonly valuePerRow: Result<Estimate>;
}

export interface ConfusionOptions extends ConfidenceOptions {
  /** Weight of recall against precision in `fBeta`; 2 unless given. */
  readonly beta?: number;
  readonly values?: OutcomeValues;
  /**
   * How many independent rows the cells are worth when they hold weights: (Σw)²/Σw². Their sum unless given.
   */
  readonly effectiveCount?: number;
}

/**
 * What does a binary confusion matrix say of the model? Every metric, each with an interval or with the reason it has
 * no answer. A ratio whose denominator is empty has no answer, never 0: precision without a predicted positive is
 * unknown, not bad.
 *
 * Formulas as in scikit-learn (`zero_division=nan`). Intervals: Wilson for rates; F1 = 2J/(1+J) maps the Wilson
 * interval of the Jaccard index J = tp/(tp+fp+fn), itself a rate; the others by the delta method over the multinomial
 * cells (variance Σ nᵢgᵢ² − (Σ nᵢgᵢ)²/n with g the gradient), cut to the metric's range.
 * Assumes independent rows. Domain: cells ≥ 0, fractions allowed (weights), beta > 0. Fails on negative or non-finite
 * cells or values and on fewer than two rows.
 * Source: scikit-learn for the metrics it has; Wilson, JASA 22 (1927) for the intervals of rates.
 */
export function confusionMetrics(
  cells: ConfusionCells,
  options: ConfusionOptions = {},
): Result<ConfusionMetrics & { readonly cells: ConfusionCells; readonly count: number }> {
  const { beta = 2, values } = options;
  const checked = checkedPoint(options);
  if (!checked.ok) return checked;
  const total = sumOf(cells);
  const problem = firstFailure(
    checkCells(cells),
    checkPositive('beta', beta),
    checkRows(Math.ceil(options.effectiveCount ?? total)),
    values && checkValues(values),
  );
  if (problem) return problem;
  const { truePositives: tp, falsePositives: fp, falseNegatives: fn, trueNegatives: tn } = cells;
  const scale = (options.effectiveCount ?? total) / total;
  const z = checked.point;
  const rate = (part: number, whole: number, reason: FailureReason): Result<Estimate> =>
    whole > 0 ? { ok: true, ...wilson(part / whole, whole * scale, z) } : failure(reason, NEEDED[reason] ?? reason);
  const smooth = (metric: (cells: Cells) => number, low: number, high: number): Result<Estimate> =>
    deltaEstimate(metric, [tp, fp, fn, tn], scale, z, low, high);

  const jaccard = rate(tp, tp + fp + fn, 'zero-denominator');
  const alertRate = rate(tp + fp, total, 'empty');
  return {
    ok: true,
    cells,
    count: total,
    accuracy: rate(tp + tn, total, 'empty'),
    precision: rate(tp, tp + fp, 'no-predicted-positives'),
    recall: rate(tp, tp + fn, 'no-actual-positives'),
    specificity: rate(tn, tn + fp, 'no-actual-negatives'),
    falsePositiveRate: rate(fp, tn + fp, 'no-actual-negatives'),
    falseNegativeRate: rate(fn, tp + fn, 'no-actual-positives'),
    negativePredictiveValue: rate(tn, tn + fn, 'no-predicted-negatives'),
    prevalence: rate(tp + fn, total, 'empty'),
    alertRate,
    alertsPerThousand: scaled(alertRate, 1000),
    f1: f1FromJaccard(jaccard, cells),
    fBeta: smooth((c) => fBetaScore(c, beta), 0, 1),
    jaccard,
    balancedAccuracy: smooth(balancedAccuracy, 0, 1),
    matthewsCorrelation: smooth(matthewsCorrelation, -1, 1),
    cohensKappa: smooth(cohensKappa, -1, 1),
    valuePerRow:
      values === undefined
        ? failure('invalid-argument', 'the value of each outcome (option `values`)')
        : smooth((c) => valuePerRow(c, values), Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY),
  };
}

type Cells = readonly [tp: number, fp: number, fn: number, tn: number];

const NEEDED: Partial<Record<FailureReason, string>> = {
  'no-predicted-positives': 'at least one row predicted positive',
  'no-predicted-negatives': 'at least one row predicted negative',
  'no-actual-positives': 'at least one row whose label is positive',
  'no-actual-negatives': 'at least one row whose label is negative',
  'zero-denominator': 'at least one row that is positive by label or by prediction',
};

function sumOf(cells: ConfusionCells): number {
  return cells.truePositives + cells.falsePositives + cells.falseNegatives + cells.trueNegatives;
}

function checkCells(cells: ConfusionCells): Failure | undefined {
  for (const [name, value] of Object.entries(cells)) {
    if (!Number.isFinite(value)) return failure('not-finite', `${name} must be a finite number`);
    if (value < 0) return failure('invalid-argument', `${name} must not be negative`);
  }
  return undefined;
}

export function checkValues(values: OutcomeValues): Failure | undefined {
  for (const [name, value] of Object.entries(values)) {
    if (!Number.isFinite(value)) return failure('invalid-argument', `values.${name} must be a finite number`);
  }
  return undefined;
}

function scaled(estimate: Result<Estimate>, factor: number): Result<Estimate> {
  if (!estimate.ok) return estimate;
  return {
    ...estimate,
    value: estimate.value * factor,
    lower: estimate.lower * factor,
    upper: estimate.upper * factor,
  };
}

function f1FromJaccard(jaccard: Result<Estimate>, cells: ConfusionCells): Result<Estimate> {
  if (!jaccard.ok) return jaccard;
  const { truePositives: tp, falsePositives: fp, falseNegatives: fn } = cells;
  const transform = (j: number) => (2 * j) / (1 + j);
  return {
    ...jaccard,
    value: (2 * tp) / (2 * tp + fp + fn),
    lower: transform(jaccard.lower),
    upper: transform(jaccard.upper),
  };
}

// Each returns NaN where it is not defined.

function fBetaScore([tp, fp, fn]: Cells, beta: number): number {
  const squared = beta * beta;
  return ((1 + squared) * tp) / ((1 + squared) * tp + fp + squared * fn);
}

function balancedAccuracy([tp, fp, fn, tn]: Cells): number {
  return (tp / (tp + fn) + tn / (tn + fp)) / 2;
}

function matthewsCorrelation([tp, fp, fn, tn]: Cells): number {
  // Roots are taken one by one so that large counts do not lose digits in a product of four.
  const scale = Math.sqrt(tp + fp) * Math.sqrt(tp + fn) * Math.sqrt(tn + fp) * Math.sqrt(tn + fn);
  return (tp * tn - fp * fn) / scale;
}

function cohensKappa([tp, fp, fn, tn]: Cells): number {
  const total = tp + fp + fn + tn;
  const expected = (tp + fp) * (tp + fn) + (tn + fn) * (tn + fp);
  return ((tp + tn) * total - expected) / (total * total - expected);
}

function valuePerRow([tp, fp, fn, tn]: Cells, values: OutcomeValues): number {
  const worth =
    tp * values.truePositive + fp * values.falsePositive + fn * values.falseNegative + tn * values.trueNegative;
  return worth / (tp + fp + fn + tn);
}

function deltaEstimate(
  metric: (cells: Cells) => number,
  cells: Cells,
  scale: number,
  z: number,
  low: number,
  high: number,
): Result<Estimate> {
  const value = metric(cells);
  if (!Number.isFinite(value)) {
    return failure('zero-denominator', 'both outcomes among the labels and among the predictions');
  }
  const total = cells[0] + cells[1] + cells[2] + cells[3];
  const step = total * 1e-6;
  let squares = 0;
  let mean = 0;
  for (const [index, cell] of cells.entries()) {
    if (cell === 0) continue;
    const moved = (by: number) => metric(cells.map((other, at) => (at === index ? other + by : other)) as never);
    const slope = (moved(step) - moved(-Math.min(step, cell / 2))) / (step + Math.min(step, cell / 2));
    squares += cell * slope * slope;
    mean += cell * slope;
  }
  const half = z * Math.sqrt(Math.max(0, squares - (mean * mean) / total) / scale);
  const estimate = { ok: true, value, lower: value - half, upper: value + half, count: total * scale } as const;
  return clampEstimate({ ...estimate, method: 'delta' }, low, high);
}
