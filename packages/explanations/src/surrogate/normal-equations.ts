import { type Answer, refuse } from '../refusal.ts';
import type { RidgeFit } from './weighted-ridge.ts';

/**
 * Weighted sums of products of (1, columns, target): enough to fit, and to fit again without a part of the rows by
 * subtracting that part's sums. Columns should be of moderate size (here 0 or 1): sums of squares lose the digits
 * that a large mean takes; targets are shifted by the first one to keep theirs.
 */
export class NormalEquations {
  readonly width: number;
  /** Row-major (width + 2)²: 1, columns, target; upper triangle. */
  readonly sums: Float64Array;
  #shift: Float64Array | undefined;

  constructor(width: number, shift?: Float64Array) {
    this.width = width;
    this.sums = new Float64Array((width + 2) ** 2);
    this.#shift = shift;
  }

  /** What was subtracted from columns and target: the first row's values. */
  get shift(): Float64Array {
    return this.#shift ?? new Float64Array(this.width + 2);
  }

  add(row: ArrayLike<number>, target: number, weight: number): void {
    const size = this.width + 2;
    const given = Float64Array.from({ length: size }, (_, at) =>
      at === 0 ? 1 : at === size - 1 ? target : row[at - 1]!,
    );
    this.#shift ??= given.map((value, at) => (at === 0 ? 0 : value));
    const shifted = given.map((value, at) => value - this.#shift![at]!);
    for (let i = 0; i < size; i += 1) {
      const scaled = weight * shifted[i]!;
      if (scaled === 0) continue;
      for (let j = i; j < size; j += 1) this.sums[i * size + j] = this.sums[i * size + j]! + scaled * shifted[j]!;
    }
  }

  /** These sums without another block's, which must share the shift. */
  without(other: NormalEquations): NormalEquations {
    const rest = new NormalEquations(this.width, this.shift);
    for (let at = 0; at < this.sums.length; at += 1) rest.sums[at] = this.sums[at]! - other.sums[at]!;
    return rest;
  }

  plus(other: NormalEquations): NormalEquations {
    const both = new NormalEquations(this.width, this.shift);
    for (let at = 0; at < this.sums.length; at += 1) both.sums[at] = this.sums[at]! + other.sums[at]!;
    return both;
  }
}

/** Fits as `fitWeightedRidge` does, from the sums alone. */
export function solveRidge(equations: NormalEquations, alpha: number): Answer<RidgeFit> {
  const { width, sums, shift } = equations;
  const size = width + 2;
  const total = sums[0]!;
  if (!(total > 0)) return refuse('invalid-input', 'weights with a sum above 0', `${total}`);
  const centred = (i: number, j: number) => sums[i * size + j]! - (sums[i]! * sums[j]!) / total;
  const matrix = new Float64Array(width * width);
  const right = new Float64Array(width);
  for (let i = 0; i < width; i += 1) {
    for (let j = 0; j <= i; j += 1) matrix[i * width + j] = centred(j + 1, i + 1) + (i === j ? alpha : 0);
    right[i] = centred(i + 1, width + 1);
  }
  const spread = centred(width + 1, width + 1);
  if (!(spread > 1e-12 * Math.max(sums[size * size - 1]!, Number.MIN_VALUE))) {
    return refuse('constant-predictions', 'targets that vary', 'one value');
  }
  const coefficients = solvePositive(matrix, right, width);
  if (coefficients === undefined) {
    return refuse('invalid-option', 'columns that are linearly independent, or an alpha above 0', 'neither');
  }
  let explained = 0;
  let penalty = 0;
  let intercept = sums[width + 1]! / total + shift[width + 1]!;
  for (let i = 0; i < width; i += 1) {
    explained += coefficients[i]! * right[i]!;
    penalty += coefficients[i]! ** 2;
    intercept -= coefficients[i]! * (sums[i + 1]! / total + shift[i + 1]!);
  }
  // Σw(y − ŷ)² = S_yy − 2bᵀs + bᵀSb, and (S + alpha)b = s gives bᵀSb = bᵀs − alpha|b|².
  const weightedRSquared = (explained + alpha * penalty) / spread;
  return { ok: true, intercept, coefficients, weightedRSquared };
}

/** Cholesky solution from the lower triangle; undefined when the matrix is not positive definite. */
function solvePositive(lower: Float64Array, right: Float64Array, size: number): Float64Array | undefined {
  const factor = lower.slice();
  for (let i = 0; i < size; i += 1) {
    for (let j = 0; j <= i; j += 1) {
      let sum = factor[i * size + j]!;
      for (let k = 0; k < j; k += 1) sum -= factor[i * size + k]! * factor[j * size + k]!;
      if (i === j && !(sum > 1e-14 * lower[i * size + i]!)) return undefined;
      factor[i * size + j] = i === j ? Math.sqrt(sum) : sum / factor[j * size + j]!;
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
