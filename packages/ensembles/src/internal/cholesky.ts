/** A symmetric matrix, row after row. */
export type Square = Float64Array;

/**
 * Solves A·x = b for a symmetric positive definite A of `size` rows, for every right-hand side at once.
 * Undefined when A is not positive definite (up to rounding).
 */
export function solvePositiveDefinite(
  matrix: Square,
  size: number,
  rightSides: readonly Float64Array[],
): Float64Array[] | undefined {
  const factor = factorise(matrix, size);
  return factor && rightSides.map((side) => solveWith(factor, size, side));
}

/** The lower triangle L with A = L·Lᵀ. */
function factorise(matrix: Square, size: number): Square | undefined {
  const lower = new Float64Array(size * size);
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column <= row; column += 1) {
      let sum = matrix[row * size + column] as number;
      for (let k = 0; k < column; k += 1) sum -= at(lower, row * size + k) * at(lower, column * size + k);
      if (row !== column) {
        lower[row * size + column] = sum / at(lower, column * size + column);
        continue;
      }
      // Less than rounding leaves of the diagonal: the column is a combination of those before it.
      if (!(sum > 1e-14 * Math.abs(at(matrix, row * size + row)))) return undefined;
      lower[row * size + row] = Math.sqrt(sum);
    }
  }
  return lower;
}

function solveWith(lower: Square, size: number, side: Float64Array): Float64Array {
  const x = side.slice();
  for (let row = 0; row < size; row += 1) {
    let sum = at(x, row);
    for (let k = 0; k < row; k += 1) sum -= at(lower, row * size + k) * at(x, k);
    x[row] = sum / at(lower, row * size + row);
  }
  for (let row = size - 1; row >= 0; row -= 1) {
    let sum = at(x, row);
    for (let k = row + 1; k < size; k += 1) sum -= at(lower, k * size + row) * at(x, k);
    x[row] = sum / at(lower, row * size + row);
  }
  return x;
}

/** A·x. */
export function multiply(matrix: Square, size: number, x: Float64Array): Float64Array {
  const product = new Float64Array(size);
  for (let row = 0; row < size; row += 1) {
    let sum = 0;
    for (let column = 0; column < size; column += 1) sum += at(matrix, row * size + column) * at(x, column);
    product[row] = sum;
  }
  return product;
}

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let index = 0; index < a.length; index += 1) sum += at(a, index) * at(b, index);
  return sum;
}

function at(values: Float64Array, index: number): number {
  return values[index] as number;
}
