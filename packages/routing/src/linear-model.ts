/** Ridge regression of rewards on x, kept as A⁻¹ with A = I + Σxxᵀ, and θ = A⁻¹Σrx. */
export interface LinearModel {
  readonly inverse: Float64Array;
  readonly theta: Float64Array;
}

/**
 * @param gram Σxxᵀ, row-major, size × size
 * @param moment Σrx
 */
export function fitLinearModel(size: number, gram: readonly number[], moment: readonly number[]): LinearModel {
  const matrix = Float64Array.from({ length: size * size }, (_, index) => gram[index] ?? 0);
  for (let index = 0; index < size; index += 1)
    matrix[index * size + index] = (matrix[index * size + index] as number) + 1;
  const inverse = invertPositiveDefinite(matrix, size);
  const theta = new Float64Array(size);
  for (let row = 0; row < size; row += 1) {
    let sum = 0;
    for (let column = 0; column < size; column += 1)
      sum += (inverse[row * size + column] as number) * (moment[column] ?? 0);
    theta[row] = sum;
  }
  return { inverse, theta };
}

export function predictLinear({ theta }: LinearModel, x: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < theta.length; index += 1) sum += (theta[index] as number) * (x[index] as number);
  return sum;
}

/** √(xᵀA⁻¹x): how little is known about x. */
export function uncertaintyOf({ inverse, theta }: LinearModel, x: ArrayLike<number>): number {
  const size = theta.length;
  let sum = 0;
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column < size; column += 1) {
      sum += (x[row] as number) * (inverse[row * size + column] as number) * (x[column] as number);
    }
  }
  return Math.sqrt(Math.max(0, sum));
}

/** By Cholesky decomposition: A = LLᵀ, then L⁻¹, then L⁻ᵀL⁻¹. */
function invertPositiveDefinite(matrix: Float64Array, size: number): Float64Array {
  const lower = new Float64Array(size * size);
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column <= row; column += 1) {
      let sum = matrix[row * size + column] as number;
      for (let k = 0; k < column; k += 1)
        sum -= (lower[row * size + k] as number) * (lower[column * size + k] as number);
      // No pivot of I + Σxxᵀ is below 1; one that seems to be was lost to rounding, and its inverse would be infinite.
      lower[row * size + column] =
        row === column ? Math.sqrt(Math.max(sum, 1)) : sum / (lower[column * size + column] as number);
    }
  }
  const inverseLower = new Float64Array(size * size);
  for (let column = 0; column < size; column += 1) {
    inverseLower[column * size + column] = 1 / (lower[column * size + column] as number);
    for (let row = column + 1; row < size; row += 1) {
      let sum = 0;
      for (let k = column; k < row; k += 1)
        sum -= (lower[row * size + k] as number) * (inverseLower[k * size + column] as number);
      inverseLower[row * size + column] = sum / (lower[row * size + row] as number);
    }
  }
  const inverse = new Float64Array(size * size);
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column < size; column += 1) {
      let sum = 0;
      for (let k = Math.max(row, column); k < size; k += 1) {
        sum += (inverseLower[k * size + row] as number) * (inverseLower[k * size + column] as number);
      }
      inverse[row * size + column] = sum;
    }
  }
  return inverse;
}
