// Small numerical tools shared by the statistics.

/** ln Σ exp(values), without overflow. −∞ entries count as zero. */
export function logSumExp(values: ArrayLike<number>): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < values.length; index += 1) largest = Math.max(largest, values[index] as number);
  if (!Number.isFinite(largest)) return largest;
  let total = 0;
  for (let index = 0; index < values.length; index += 1) total += Math.exp((values[index] as number) - largest);
  return largest + Math.log(total);
}

/**
 * The point where an increasing or decreasing `evaluate` changes sign inside [low, high], by bisection to the last bit.
 * The ends must have opposite signs; the end values themselves are never evaluated.
 */
export function bisect(evaluate: (x: number) => number, low: number, high: number, positiveAtHigh: boolean): number {
  let below = low;
  let above = high;
  for (let iteration = 0; iteration < 200; iteration += 1) {
    const middle = below + (above - below) / 2;
    if (middle <= below || middle >= above) break;
    if (evaluate(middle) > 0 === positiveAtHigh) above = middle;
    else below = middle;
  }
  return below + (above - below) / 2;
}

/** The lower real branch W₋₁(x) of the Lambert function for x in (−1/e, 0): the w ≤ −1 with w·eʷ = x. */
export function lambertLowerBranch(x: number): number {
  // With w = −1 − u the equation is u − ln(1 + u) = −1 − ln(−x), whose left side rises with u > 0.
  const target = -1 - Math.log(-x);
  let u = target + Math.sqrt(2 * target) + 0.1;
  for (let iteration = 0; iteration < 100; iteration += 1) {
    const next = u - ((u - Math.log1p(u) - target) * (1 + u)) / u;
    if (Math.abs(next - u) <= 1e-16 * u) break;
    u = next;
  }
  return -1 - u;
}

const GAUSS_NODES = [
  0.09501250983763744, 0.2816035507792589, 0.45801677765722737, 0.6178762444026438, 0.755404408355003,
  0.8656312023878318, 0.9445750230732326, 0.9894009349916499,
];
const GAUSS_WEIGHTS = [
  0.18945061045506864, 0.18260341504492364, 0.16915651939500265, 0.1495959888165767, 0.12462897125553407,
  0.0951585116824926, 0.062253523938647456, 0.027152459411754176,
];

/** ∫ evaluate over [low, high]: 16-point Gauss–Legendre on `panels` equal panels. */
export function integrate(evaluate: (x: number) => number, low: number, high: number, panels: number): number {
  const half = (high - low) / panels / 2;
  let total = 0;
  for (let panel = 0; panel < panels; panel += 1) {
    const centre = low + (2 * panel + 1) * half;
    for (let index = 0; index < GAUSS_NODES.length; index += 1) {
      const offset = half * (GAUSS_NODES[index] as number);
      total += (GAUSS_WEIGHTS[index] as number) * (evaluate(centre - offset) + evaluate(centre + offset));
    }
  }
  return total * half;
}

/** Solves a symmetric positive-definite system by Cholesky; undefined when the matrix is not positive definite. */
export function solvePositiveDefinite(matrix: readonly (readonly number[])[], right: readonly number[]) {
  const size = right.length;
  const lower: number[][] = [];
  for (let row = 0; row < size; row += 1) {
    const current: number[] = [];
    for (let column = 0; column <= row; column += 1) {
      let value = (matrix[row] as number[])[column] as number;
      const other = column === row ? current : (lower[column] as number[]);
      for (let k = 0; k < column; k += 1) value -= (current[k] as number) * (other[k] as number);
      if (column === row) {
        if (!(value > 1e-12 * Math.abs((matrix[row] as number[])[row] as number))) return undefined;
        current.push(Math.sqrt(value));
      } else current.push(value / (other[column] as number));
    }
    lower.push(current);
  }
  const solution = [...right];
  for (let row = 0; row < size; row += 1) {
    const factors = lower[row] as number[];
    let value = solution[row] as number;
    for (let k = 0; k < row; k += 1) value -= (factors[k] as number) * (solution[k] as number);
    solution[row] = value / (factors[row] as number);
  }
  for (let row = size - 1; row >= 0; row -= 1) {
    let value = solution[row] as number;
    for (let k = row + 1; k < size; k += 1) value -= ((lower[k] as number[])[row] as number) * (solution[k] as number);
    solution[row] = value / ((lower[row] as number[])[row] as number);
  }
  return solution;
}
