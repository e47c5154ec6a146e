import { type Answer, type Refusal, refuse } from '../refusal.ts';
import { checkNumericRows, describe, type Rows } from '../rows.ts';

export interface RidgeFit {
  readonly intercept: number;
  readonly coefficients: Float64Array;
  /** 1 − Σw(y − ŷ)² / Σw(y − ȳ)² on the rows of the fit, ȳ the weighted mean. */
  readonly weightedRSquared: number;
}

/**
 * Which linear function of the columns is closest to the targets, and how much of their spread does it reproduce?
 * Weighted ridge regression with an intercept that is not penalised: minimises Σw(y − b₀ − xb)² + alpha · |b|². Equals
 * scikit-learn's `Ridge(alpha).fit(X, y, sample_weight)`. Assumes nothing about the rows: it is the minimum, without an
 * error. With alpha 0, columns must be linearly independent.
 *
 * By Householder reflections of the weighted-centred columns over √alpha · I, all in units of their own size, so
 * that no sums of squares lose the digits of near-dependent columns or of columns far from 0, or overflow.
 * Fails on lists of different length, fewer than two rows, an alpha below 0, weights that are negative or all 0, values
 * that are not finite or whose products are not, targets that do not vary (no R²), and columns that leave no unique
 * solution. Source: Hoerl and Kennard (1970); Golub and Van Loan, Matrix Computations, §5.3 and §6.1, for the
 * reflections.
 */
export function fitWeightedRidge(
  design: Rows<number>,
  targets: ArrayLike<number>,
  weights: ArrayLike<number>,
  alpha: number,
): Answer<RidgeFit> {
  const problem = checkNumericRows(design, 'design', 2) ?? checkRest(design, targets, weights, alpha);
  if (problem) return problem;
  const count = design.length;
  const width = design[0]!.length;
  const columns = Array.from({ length: width }, (_, column) => centre(count, (row) => design[row]![column]!, weights));
  const target = centre(count, (row) => targets[row]!, weights);
  const spread = weightedSquares(target.scaled, weights);
  if (spread === 0) return refuse('constant-predictions', 'targets that vary', 'one value');
  const scaled = solveStacked(columns, target.scaled, weights, alpha);
  if (scaled === undefined) {
    return refuse('invalid-option', 'columns that are linearly independent, or an alpha above 0', 'neither');
  }
  const coefficients = scaled.map((value, column) => value * (target.size / columns[column]!.size));
  const residuals = target.scaled.slice();
  for (const [column, values] of columns.entries()) {
    for (let row = 0; row < count; row += 1) residuals[row] = residuals[row]! - scaled[column]! * values.scaled[row]!;
  }
  const weightedRSquared = 1 - weightedSquares(residuals, weights) / spread;
  const intercept = columns.reduce((sum, { mean }, column) => sum - coefficients[column]! * mean, target.mean);
  if (!(Number.isFinite(intercept) && Number.isFinite(weightedRSquared))) {
    return refuse('not-finite', 'numbers whose products are finite', 'larger ones');
  }
  return { ok: true, intercept, coefficients, weightedRSquared };
}

function checkRest(
  design: Rows<number>,
  targets: ArrayLike<number>,
  weights: ArrayLike<number>,
  alpha: number,
): Refusal | undefined {
  if (targets?.length !== design.length || weights?.length !== design.length) {
    return refuse('mismatched-shape', `a target and a weight for each of ${design.length} rows`, 'another number');
  }
  if (!(alpha >= 0 && Number.isFinite(alpha)))
    return refuse('invalid-option', 'an alpha of at least 0', describe(alpha));
  let total = 0;
  for (let index = 0; index < design.length; index += 1) {
    const row = design[index]!;
    const weight = weights[index]!;
    if (!(Number.isFinite(weight) && weight >= 0 && Number.isFinite(targets[index]!))) {
      return refuse('not-finite', `a finite target and a weight of at least 0 in row ${index}`, 'others');
    }
    for (let column = 0; column < row.length; column += 1) {
      if (!Number.isFinite(row[column]!)) return refuse('not-finite', `a number in design[${index}]`, 'NaN');
    }
    total += weight;
  }
  return total > 0 && Number.isFinite(total)
    ? undefined
    : refuse('invalid-input', 'weights with a finite sum above 0', `${total}`);
}

interface Centred {
  readonly mean: number;
  /** Largest distance of a value from the mean; 1 where all are the mean. */
  readonly size: number;
  /** (value − mean) / size; exactly 0 where all values that weigh are the same. */
  readonly scaled: Float64Array;
}

function centre(count: number, value: (row: number) => number, weights: ArrayLike<number>): Centred {
  let first = 0;
  while (weights[first] === 0) first += 1;
  const start = value(first);
  let sum = 0;
  let total = 0;
  for (let row = 0; row < count; row += 1) {
    const weight = weights[row]!;
    total += weight;
    sum += weight * (value(row) - start);
  }
  const offset = sum / total;
  // Rows without weight count for nothing, however far away.
  const centred = Float64Array.from({ length: count }, (_, row) =>
    weights[row]! > 0 ? value(row) - start - offset : 0,
  );
  const size = centred.reduce((largest, one) => Math.max(largest, Math.abs(one)), 0) || 1;
  return { mean: start + offset, size, scaled: centred.map((one) => one / size) };
}

function weightedSquares(values: Float64Array, weights: ArrayLike<number>): number {
  return values.reduce((sum, value, row) => sum + weights[row]! * value * value, 0);
}

/** Below this share of a column, what the columns before it leave of it is rounding. */
const DEPENDENT = 1e-13;

/**
 * Least squares of [√w·X; √alpha·I] b = [√w·y; 0], column after column; undefined when some column adds nothing.
 */
function solveStacked(
  columns: readonly Centred[],
  target: Float64Array,
  weights: ArrayLike<number>,
  alpha: number,
): Float64Array | undefined {
  const width = columns.length;
  const count = target.length;
  const roots = Float64Array.from({ length: count }, (_, row) => Math.sqrt(weights[row]!));
  const stack = (values: Float64Array, column: number) => {
    const stacked = new Float64Array(count + width);
    for (let row = 0; row < count; row += 1) stacked[row] = roots[row]! * values[row]!;
    if (column < width) stacked[count + column] = Math.sqrt(alpha) / columns[column]!.size;
    return stacked;
  };
  const matrix = columns.map(({ scaled }, column) => stack(scaled, column));
  const right = stack(target, width);
  const diagonal = new Float64Array(width);
  for (let k = 0; k < width; k += 1) {
    const column = matrix[k]!;
    const length = norm(column, 0);
    const left = norm(column, k);
    if (!(left > DEPENDENT * length)) return undefined;
    // The reflection that turns the rest of this column into one entry; it is kept in the column's place.
    diagonal[k] = column[k]! > 0 ? -left : left;
    column[k] = column[k]! - diagonal[k]!;
    const scale = -1 / (diagonal[k]! * column[k]!);
    for (let other = k + 1; other <= width; other += 1) {
      const values = other === width ? right : matrix[other]!;
      let along = 0;
      for (let row = k; row < values.length; row += 1) along += column[row]! * values[row]!;
      for (let row = k; row < values.length; row += 1) values[row] = values[row]! - scale * along * column[row]!;
    }
  }
  const solution = new Float64Array(width);
  for (let k = width - 1; k >= 0; k -= 1) {
    let rest = right[k]!;
    for (let other = k + 1; other < width; other += 1) rest -= matrix[other]![k]! * solution[other]!;
    solution[k] = rest / diagonal[k]!;
  }
  return solution;
}

function norm(values: Float64Array, from: number): number {
  let sum = 0;
  for (let row = from; row < values.length; row += 1) sum += values[row]! * values[row]!;
  return Math.sqrt(sum);
}
