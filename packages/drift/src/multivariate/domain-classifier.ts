import { normalSurvival } from '@switchyard/special-functions';
import { type Answer, isPositive, type RandomSource, refuse } from '../refusal.ts';
import { compareSamples } from '../tests/comparison.ts';
import { mannWhitney } from '../tests/mann-whitney.ts';
import { checkRows, drawPositions, type Rows } from './matrix.ts';

export interface DomainClassifierResult {
  /** Area under the ROC curve on rows the classifier did not see: 0.5 = cannot tell, 1 = always can. */
  readonly areaUnderCurve: number;
  /** One-sided: probability of separating the held-out rows this well by chance. */
  readonly pValue: number;
  readonly heldOutRows: number;
  readonly trainingRows: number;
  /** Columns by how much they helped to tell the rows apart, largest first. */
  readonly importance: readonly { readonly column: number; readonly weight: number }[];
}

const MAXIMUM_ROWS = 20_000;

/**
 * Can a classifier tell current rows from reference rows? Finds drift of the joint distribution, including changes of
 * spread and of correlation that leave every column's mean alone.
 *
 * A ridge logistic regression on the standardised columns, their squares and (up to 12 columns) their products is
 * trained on a random half of both sets and scored on the other half. The area under the curve is the share of pairs of
 * held-out rows in which the current one scores higher, ties ½; 0.5 where all scores are equal. Because no scored row
 * was trained on, the Mann–Whitney p-value of the scores holds its rate at any size. Needs 20 rows a side. At most
 * 20,000 rows a side are used, drawn at random.
 * Assumes independent rows. Refuses fewer rows, rows of another width, values that are not finite, columns that are all
 * constant, a missing random source and settings out of range. Source: Lopez-Paz and Oquab (2017), Revisiting
 * classifier two-sample tests.
 */
export function domainClassifier(
  reference: Rows,
  current: Rows,
  options: { readonly random: RandomSource; readonly trainingShare?: number; readonly ridge?: number },
): Answer<DomainClassifierResult> {
  const problem = checkRows(reference, 'reference', 20) ?? checkRows(current, 'current', 20, reference[0]!.length);
  if (problem) return problem;
  const trainingShare = options?.trainingShare ?? 0.5;
  const ridge = options?.ridge ?? 1;
  if (typeof options?.random !== 'function') return refuse('invalid-option', 'a random source', 'none');
  if (!(trainingShare >= 0.1 && trainingShare <= 0.9 && isPositive(ridge))) {
    return refuse('invalid-option', 'a training share in [0.1, 0.9] and a ridge above 0', `${trainingShare}, ${ridge}`);
  }
  const width = reference[0]!.length;
  const sides = [reference, current].map((rows) => {
    const size = Math.min(rows.length, MAXIMUM_ROWS);
    const drawn = Array.from(drawPositions(rows.length, size, options.random), (index) => rows[index]!);
    const cut = Math.min(size - 5, Math.max(5, Math.round(size * trainingShare)));
    return { training: drawn.slice(0, cut), heldOut: drawn.slice(cut) };
  });
  const [first, second] = sides as [(typeof sides)[0], (typeof sides)[0]];
  const training = [...first.training, ...second.training];
  const labels = Uint8Array.from(training, (_, index) => (index < first.training.length ? 0 : 1));
  const scaler = fitScaler(training, width);
  if (scaler.every((column) => column.deviation === 0)) {
    return refuse('constant', 'at least one column that varies', 'constant columns only');
  }
  const withProducts = width <= 12;
  const design = training.map((row) => expand(row, scaler, withProducts));
  const weights = fitLogistic(design, labels, ridge);
  const score = (row: ArrayLike<number>): number => dot(weights, expand(row, scaler, withProducts));
  const comparison = compareSamples(second.heldOut.map(score), first.heldOut.map(score));
  const test = mannWhitney(comparison, { alternative: 'greater', method: 'asymptotic' });
  if (!test.ok) {
    // Every held-out score is the same: the classifier found nothing to separate by.
    return {
      ok: true,
      areaUnderCurve: 0.5,
      pValue: normalSurvival(0),
      heldOutRows: first.heldOut.length + second.heldOut.length,
      trainingRows: training.length,
      importance: [],
    };
  }
  return {
    ok: true,
    areaUnderCurve: test.probabilityReferenceLarger,
    pValue: test.pValue,
    heldOutRows: first.heldOut.length + second.heldOut.length,
    trainingRows: training.length,
    importance: columnImportance(weights, width, withProducts),
  };
}

interface ColumnScale {
  readonly mean: number;
  readonly deviation: number;
}

function fitScaler(rows: ArrayLike<number>[], width: number): ColumnScale[] {
  return Array.from({ length: width }, (_, column) => {
    const mean = rows.reduce((sum, row) => sum + row[column]! / rows.length, 0);
    const variance = rows.reduce((sum, row) => sum + (row[column]! - mean) ** 2 / rows.length, 0);
    return { mean, deviation: variance > 1e-24 * mean * mean ? Math.sqrt(variance) : 0 };
  });
}

/** [1, z…, z²-1…, products…], clipped to ±5 deviations so that single outliers do not steer the fit. */
function expand(row: ArrayLike<number>, scaler: readonly ColumnScale[], withProducts: boolean): Float64Array {
  const width = scaler.length;
  const features = new Float64Array(1 + 2 * width + (withProducts ? (width * (width - 1)) / 2 : 0));
  features[0] = 1;
  for (let j = 0; j < width; j += 1) {
    const { mean, deviation } = scaler[j]!;
    const z = deviation > 0 ? Math.max(-5, Math.min(5, (row[j]! - mean) / deviation)) : 0;
    features[1 + j] = z;
    features[1 + width + j] = z * z - 1;
  }
  if (withProducts) {
    let next = 1 + 2 * width;
    for (let i = 0; i < width; i += 1) {
      for (let j = i + 1; j < width; j += 1) {
        features[next] = features[1 + i]! * features[1 + j]!;
        next += 1;
      }
    }
  }
  return features;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += a[i]! * b[i]!;
  return sum;
}

/** Newton's method for ridge logistic regression; the intercept (position 0) is not penalised. */
function fitLogistic(design: readonly Float64Array[], labels: Uint8Array, ridge: number): Float64Array {
  const width = design[0]!.length;
  let weights: Float64Array<ArrayBufferLike> = new Float64Array(width);
  for (let iteration = 0; iteration < 12; iteration += 1) {
    const gradient = new Float64Array(width);
    const hessian = new Float64Array(width * width);
    for (let r = 0; r < design.length; r += 1) {
      const row = design[r]!;
      const probability = 1 / (1 + Math.exp(-dot(weights, row)));
      const error = labels[r]! - probability;
      const weight = Math.max(1e-6, probability * (1 - probability));
      for (let i = 0; i < width; i += 1) {
        gradient[i] = gradient[i]! + error * row[i]!;
        const scaled = weight * row[i]!;
        for (let j = 0; j <= i; j += 1) hessian[i * width + j] = hessian[i * width + j]! + scaled * row[j]!;
      }
    }
    for (let i = 0; i < width; i += 1) {
      if (i > 0) gradient[i] = gradient[i]! - ridge * weights[i]!;
      hessian[i * width + i] = hessian[i * width + i]! + (i > 0 ? ridge : 1e-9);
    }
    const step = solveSymmetric(hessian, gradient, width);
    let largest = 0;
    weights = weights.map((value, index) => {
      largest = Math.max(largest, Math.abs(step[index]!));
      return value + step[index]!;
    });
    if (largest < 1e-6) break;
  }
  return weights;
}

/** Cholesky solution of a positive definite system given by its lower triangle. */
function solveSymmetric(lower: Float64Array, right: Float64Array, size: number): Float64Array {
  const factor = lower.slice();
  for (let i = 0; i < size; i += 1) {
    for (let j = 0; j <= i; j += 1) {
      let sum = factor[i * size + j]!;
      for (let k = 0; k < j; k += 1) sum -= factor[i * size + k]! * factor[j * size + k]!;
      factor[i * size + j] = i === j ? Math.sqrt(Math.max(sum, 1e-12)) : sum / factor[j * size + j]!;
    }
  }
  const solution = right.slice();
  for (let i = 0; i < size; i += 1) {
    for (let k = 0; k < i; k += 1) solution[i] = solution[i]! - factor[i * size + k]! * solution[k]!;
    solution[i] = solution[i]! / factor[i * size + i]!;
  }
  for (let i = size - 1; i >= 0; i -= 1) {
    for (let k = i + 1; k < size; k += 1) solution[i] = solution[i]! - factor[k * size + i]! * solution[k]!;
    solution[i] = solution[i]! / factor[i * size + i]!;
  }
  return solution;
}

/** Sum of absolute weights of every term a column takes part in (a product counts half for each). */
function columnImportance(
  weights: Float64Array,
  width: number,
  withProducts: boolean,
): DomainClassifierResult['importance'] {
  const total = new Float64Array(width);
  for (let j = 0; j < width; j += 1) total[j] = Math.abs(weights[1 + j]!) + Math.abs(weights[1 + width + j]!);
  if (withProducts) {
    let next = 1 + 2 * width;
    for (let i = 0; i < width; i += 1) {
      for (let j = i + 1; j < width; j += 1) {
        total[i] = total[i]! + Math.abs(weights[next]!) / 2;
        total[j] = total[j]! + Math.abs(weights[next]!) / 2;
        next += 1;
      }
    }
  }
  return Array.from(total, (weight, column) => ({ column, weight })).sort(
    (a, b) => b.weight - a.weight || a.column - b.column,
  );
}
