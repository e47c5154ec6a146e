import {
  type ConfidenceOptions,
  checkedPoint,
  clampEstimate,
  type Estimate,
  mapEstimate,
  meanFromSums,
  wilson,
} from './estimate.ts';
import {
  checkOpenUnit,
  checkRows,
  checkSameLength,
  isMissing,
  type NumericLabel,
  notFinite,
  readNumericRows,
} from './internal/check.ts';
import { centredSquares, ExactSum, outOfRange } from './internal/exact-sum.ts';
import { failure, type Result } from './result.ts';

type Value = Result<{ readonly value: number }>;

export interface RegressionSummary {
  readonly ok: true;
  /** mean (prediction − target): positive when the model says too much. */
  readonly bias: Result<Estimate>;
  readonly meanAbsoluteError: Result<Estimate>;
  readonly meanSquaredError: Result<Estimate>;
  readonly rootMeanSquaredError: Result<Estimate>;
  /** 1 − Σe²/Σ(y − ȳ)²; no answer when the targets do not vary. */
  readonly rSquared: Value;
  readonly explainedVariance: Value;
  /** mean |e|/|y| over rows whose target is not 0; `excludedZeros` says how many were left out. */
  readonly meanAbsolutePercentageError: Result<Estimate>;
  /** Σ|e|/Σ|y|: a percentage that zero targets cannot break. */
  readonly weightedAbsolutePercentageError: Value;
  /** mean 2|e|/(|y| + |ŷ|), rows where both are 0 counting as 0. */
  readonly symmetricAbsolutePercentageError: Result<Estimate>;
  readonly rootMeanSquaredLogError: Result<Estimate>;
  /** mean of q(y − ŷ)⁺ + (1 − q)(ŷ − y)⁺ at the tally's quantile. */
  readonly pinballLoss: Result<Estimate>;
  readonly maximumError: number;
  readonly excludedZeros: number;
  readonly labelled: number;
  readonly labelCoverage: number;
  readonly rejected: number;
  readonly effectiveCount: number;
}

const SUMS = [
  'weight',
  'squaredWeight',
  'target',
  'squaredTarget',
  'absoluteTarget',
  'error',
  'absoluteError',
  'squaredError',
  'fourthPowerError',
  'percentage',
  'squaredPercentage',
  'percentageWeight',
  'squaredPercentageWeight',
  'symmetric',
  'squaredSymmetric',
  'logError',
  'squaredLogError',
  'pinball',
  'squaredPinball',
] as const;
type SumName = (typeof SUMS)[number];
const COUNTS = ['labelled', 'unlabelled', 'rejected', 'zeros', 'belowMinusOne'] as const;

export interface RegressionTallyState {
  readonly kind: 'regression-tally';
  readonly quantile: number;
  readonly maximumError: number;
  readonly counts: Readonly<Record<(typeof COUNTS)[number], number>>;
  readonly sums: Readonly<Record<SumName, readonly number[]>>;
}

/**
 * How good is a regression model so far? Row by row, mergeable in any order to the same bits. `quantile` is the one
 * pinball loss is for: 0.5 (half the absolute error) unless given.
 *
 * Formulas at `RegressionSummary`, intervals as `regressionMetrics`, from exact sums. Assumes independent rows, each
 * added once.
 * Domain: finite targets and predictions, weights ≥ 0; other rows are counted as rejected.
 * Fails: `summary` on no row (`empty`), no usable target yet (`all-missing`), one labelled row, a quantile outside
 * (0, 1); `merge` on another quantile (`different-settings`). Single figures carry their own reason.
 * Source: as `regressionMetrics`.
 */
export class RegressionTally {
  readonly quantile: number;
  #maximumError = 0;
  readonly #counts = { labelled: 0, unlabelled: 0, rejected: 0, zeros: 0, belowMinusOne: 0 };
  readonly #sums = new Map(SUMS.map((name) => [name, new ExactSum()]));

  constructor(quantile = 0.5) {
    this.quantile = quantile;
  }

  /** Counts a row; one without a finite target and prediction, or with an unusable weight, counts as rejected. */
  add(target: NumericLabel, prediction: number, weight = 1): void {
    const counts = this.#counts;
    if (isMissing(target)) {
      counts.unlabelled += 1;
      return;
    }
    if (!Number.isFinite(target) || !Number.isFinite(prediction) || !(weight >= 0 && weight < Infinity)) {
      counts.rejected += 1;
      return;
    }
    if (weight === 0) return;
    counts.labelled += 1;
    const error = prediction - target;
    const size = Math.abs(error);
    this.#maximumError = Math.max(this.#maximumError, size);
    this.#sum('weight').add(weight);
    this.#sum('squaredWeight').addProduct(weight, weight);
    this.#sum('target').addProduct(weight, target);
    this.#addSquare('squaredTarget', weight, target);
    this.#sum('absoluteTarget').addProduct(weight, Math.abs(target));
    this.#sum('error').addProduct(weight, error);
    this.#sum('absoluteError').addProduct(weight, size);
    this.#addSquare('squaredError', weight, error);
    this.#addSquare('fourthPowerError', weight, error * error);
    if (target === 0) counts.zeros += 1;
    else {
      this.#addMoments('percentage', 'squaredPercentage', weight, size / Math.abs(target));
      this.#sum('percentageWeight').add(weight);
      this.#sum('squaredPercentageWeight').addProduct(weight, weight);
    }
    // Halves keep |y| + |ŷ| inside the range of doubles.
    const scale = Math.abs(target) / 2 + Math.abs(prediction) / 2;
    this.#addMoments('symmetric', 'squaredSymmetric', weight, scale === 0 ? 0 : size / scale);
    if (target <= -1 || prediction <= -1) counts.belowMinusOne += 1;
    else {
      // ln((1 + ŷ)/(1 + y)) without taking the difference of two logarithms that agree in most digits.
      this.#addMoments('logError', 'squaredLogError', weight, Math.log1p(error / (1 + target)) ** 2);
    }
    const pinball = error < 0 ? this.quantile * size : (1 - this.quantile) * size;
    this.#addMoments('pinball', 'squaredPinball', weight, pinball);
  }

  /** A label came for a row that was added without one. */
  learn(target: NumericLabel, prediction: number, weight = 1): void {
    if (isMissing(target)) return;
    if (this.#counts.unlabelled > 0) this.#counts.unlabelled -= 1;
    this.add(target, prediction, weight);
  }

  merge(other: RegressionTally): Result<{ readonly tally: RegressionTally }> {
    if (other.quantile !== this.quantile) {
      return failure('different-settings', `a tally with quantile ${this.quantile}; this one has ${other.quantile}`);
    }
    for (const name of SUMS) this.#sum(name).merge(other.#sum(name));
    for (const name of COUNTS) this.#counts[name] += other.#counts[name];
    this.#maximumError = Math.max(this.#maximumError, other.#maximumError);
    return { ok: true, tally: this };
  }

  summary(options: ConfidenceOptions = {}): Result<RegressionSummary> {
    const checked = checkedPoint(options);
    if (!checked.ok) return checked;
    const { labelled, unlabelled, rejected, zeros, belowMinusOne } = this.#counts;
    const quantile = checkOpenUnit('quantile', this.quantile);
    if (quantile) return quantile;
    if (labelled === 0 && unlabelled + rejected > 0) {
      return failure('all-missing', 'at least two rows with a finite target and a finite prediction');
    }
    const few = checkRows(labelled);
    if (few) return few;
    const weight = this.#sum('weight').value();
    const effectiveCount = (weight * weight) / this.#sum('squaredWeight').value();
    const mean = (sum: SumName, squares: SumName) =>
      this.#isLost(sum, squares)
        ? outOfRange()
        : meanFromSums(this.#sum('weight'), this.#sum(sum), this.#sum(squares), effectiveCount, checked.point);
    const positive = (estimate: Result<Estimate>) => clampEstimate(estimate, 0, Number.POSITIVE_INFINITY);
    const meanSquaredError = positive(mean('squaredError', 'fourthPowerError'));
    return {
      ok: true,
      bias: mean('error', 'squaredError'),
      meanAbsoluteError: positive(mean('absoluteError', 'squaredError')),
      meanSquaredError,
      rootMeanSquaredError: mapEstimate(meanSquaredError, Math.sqrt),
      rSquared: this.#explained('squaredError'),
      explainedVariance: this.#explained('centredError'),
      meanAbsolutePercentageError: positive(this.#percentage(checked.point)),
      weightedAbsolutePercentageError: this.#weightedPercentage(),
      symmetricAbsolutePercentageError: positive(mean('symmetric', 'squaredSymmetric')),
      rootMeanSquaredLogError:
        belowMinusOne > 0
          ? failure('invalid-label', 'targets and predictions above −1')
          : mapEstimate(positive(mean('logError', 'squaredLogError')), Math.sqrt),
      pinballLoss: positive(mean('pinball', 'squaredPinball')),
      maximumError: this.#maximumError,
      excludedZeros: zeros,
      labelled,
      labelCoverage: labelled / (labelled + unlabelled),
      rejected,
      effectiveCount,
    };
  }

  /** Squares of tiny numbers round to 0: then the sum is lost, not small. */
  #isLost(sum: SumName, squares: SumName): boolean {
    const lost = (name: SumName) => this.#sum(name).value() === 0 && this.#maximumError > 0;
    return sum === 'squaredError' ? lost('squaredError') : sum === 'logError' ? false : lost(squares);
  }

  #explained(numerator: 'squaredError' | 'centredError'): Value {
    const weights = this.#sum('weight');
    const spread = centredSquares(weights, this.#sum('target'), this.#sum('squaredTarget'));
    if (!spread.ok) return spread;
    if (spread.value === 0) return failure('constant', 'targets that vary');
    if (this.#isLost('squaredError', 'squaredError')) return outOfRange();
    const errors = this.#sum('squaredError');
    const left =
      numerator === 'squaredError'
        ? ({ ok: true, value: errors.value() } as const)
        : centredSquares(weights, this.#sum('error'), errors);
    if (!left.ok) return left;
    const value = 1 - left.value / spread.value;
    return Number.isFinite(value) ? { ok: true, value } : outOfRange();
  }

  #percentage(z: number): Result<Estimate> {
    const weight = this.#sum('percentageWeight').value();
    if (weight === 0) return failure('zero-denominator', 'targets that are not 0');
    const count = (weight * weight) / this.#sum('squaredPercentageWeight').value();
    const sums = [this.#sum('percentageWeight'), this.#sum('percentage'), this.#sum('squaredPercentage')] as const;
    return meanFromSums(...sums, count, z);
  }

  #weightedPercentage(): Value {
    const scale = this.#sum('absoluteTarget').value();
    if (scale === 0) return failure('zero-denominator', 'targets that are not 0');
    const value = this.#sum('absoluteError').value() / scale;
    return Number.isFinite(value) ? { ok: true, value } : outOfRange();
  }

  /** weight·value² with the rounding of the square kept; only an uneven weight rounds once more. */
  #addSquare(name: SumName, weight: number, value: number): void {
    if (weight === 1) this.#sum(name).addProduct(value, value);
    else this.#sum(name).addProduct(weight * value, value);
  }

  #addMoments(sum: SumName, squares: SumName, weight: number, value: number): void {
    this.#sum(sum).addProduct(weight, value);
    this.#addSquare(squares, weight, value);
  }

  toJSON(): RegressionTallyState {
    return {
      kind: 'regression-tally',
      quantile: this.quantile,
      maximumError: this.#maximumError,
      counts: { ...this.#counts },
      sums: Object.fromEntries(SUMS.map((name) => [name, this.#sum(name).toJSON()])) as never,
    };
  }

  static fromJSON(state: RegressionTallyState): RegressionTally {
    const tally = new RegressionTally(state.quantile);
    for (const name of SUMS) tally.#sum(name).merge(ExactSum.fromJSON(state.sums[name]));
    Object.assign(tally.#counts, state.counts);
    tally.#maximumError = state.maximumError;
    return tally;
  }

  #sum(name: SumName): ExactSum {
    return this.#sums.get(name) as ExactSum;
  }
}

/**
 * How large are a regression model's errors? All metrics, each with an interval where one is known, or a reason.
 *
 * Domain: finite `targets` (missing while not known) and predictions; `weights`, one a row, not negative. Formulas at
 * `RegressionSummary`. Assumes independent rows: intervals are normal ones on means, through the square root for RMSE
 * and RMSLE. The median absolute error is here and not in the tally because it needs every row.
 * Fails on no label, one labelled row, a NaN, columns of different length; single figures fail when squares leave the
 * range of doubles, when targets do not vary (R²), when all targets are 0 (percentages), when a value is ≤ −1 (logs).
 * Source: scikit-learn's functions of the same names; MAPE differs where a target is 0 (there it divides by 2.2e-16).
 */
export function regressionMetrics(
  targets: ArrayLike<NumericLabel>,
  predictions: ArrayLike<number>,
  options: ConfidenceOptions & { readonly weights?: ArrayLike<number>; readonly quantile?: number } = {},
): Result<RegressionSummary & { readonly medianAbsoluteError: number }> {
  const rows = readNumericRows(targets, predictions, options.weights);
  if (!rows.ok) return rows;
  const tally = new RegressionTally(options.quantile ?? 0.5);
  const sizes = new Float64Array(rows.count);
  for (let index = 0; index < rows.count; index += 1) {
    const [target, prediction] = [rows.targets[index] as number, rows.predictions[index] as number];
    tally.add(target, prediction, rows.weights?.[index] ?? 1);
    sizes[index] = Math.abs(prediction - target);
  }
  const summary = tally.summary(options);
  if (!summary.ok) return summary;
  sizes.sort();
  const middle = (rows.count - 1) / 2;
  const [low, high] = [sizes[Math.floor(middle)] as number, sizes[Math.ceil(middle)] as number];
  return { ...summary, labelCoverage: rows.count / targets.length, medianAbsoluteError: low + (high - low) / 2 };
}

/**
 * Do prediction intervals hold what they promise? Coverage is only worth something at a width, so both are given.
 *
 * Formula: share of targets inside [lower, upper], ends included, with Wilson's interval; mean of upper − lower.
 * Assumes independent rows. Domain: finite ends, lower ≤ upper. Fails like `regressionMetrics`, when a lower end lies
 * above its upper end, and as `out-of-range` when widths leave the range of doubles.
 * Source: definition; Wilson, JASA 22 (1927).
 */
export function intervalCoverage(
  targets: ArrayLike<NumericLabel>,
  lower: ArrayLike<number>,
  upper: ArrayLike<number>,
  options: ConfidenceOptions = {},
): Result<{ readonly coverage: Estimate; readonly meanWidth: number }> {
  const checked = checkedPoint(options);
  if (!checked.ok) return checked;
  const mismatch = checkSameLength('upper', upper.length, targets.length);
  if (mismatch) return mismatch;
  const rows = readNumericRows(targets, lower);
  if (!rows.ok) return rows;
  const widths = new ExactSum();
  let inside = 0;
  for (let index = 0; index < targets.length; index += 1) {
    const target = targets[index];
    if (isMissing(target)) continue;
    const [low, high] = [lower[index] as number, upper[index] as number];
    if (!Number.isFinite(high)) return notFinite('upper', index);
    if (low > high) return failure('invalid-argument', `lower[${index}] must not lie above upper[${index}]`);
    if (target >= low && target <= high) inside += 1;
    widths.add(high - low);
  }
  const coverage = wilson(inside / rows.count, rows.count, checked.point);
  const meanWidth = widths.value() / rows.count;
  return Number.isFinite(meanWidth) ? { ok: true, coverage, meanWidth } : outOfRange();
}
