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

/**
 * Like {@link bisect} for a smooth function, in about a fifth of the evaluations: Chandrupatla's method (Advances in
 * Engineering Software 28, 1997), which interpolates where that is safe and halves elsewhere. Halves until both ends of
 * the bracket have been evaluated to finite values.
 */
export function findRoot(evaluate: (x: number) => number, low: number, high: number, positiveAtHigh: boolean): number {
  let [below, above] = [low, high];
  let [valueBelow, valueAbove] = [Number.NaN, Number.NaN];
  for (
    let iteration = 0;
    iteration < 200 && !(Number.isFinite(valueBelow) && Number.isFinite(valueAbove));
    iteration += 1
  ) {
    const middle = below + (above - below) / 2;
    if (middle <= below || middle >= above) return middle;
    const value = evaluate(middle);
    if (value > 0 === positiveAtHigh) [above, valueAbove] = [middle, value];
    else [below, valueBelow] = [middle, value];
  }
  // x1 and x2 bracket the root, x1 the newest; x3 is the point x1 replaced.
  let [x1, f1, x2, f2] = [below, valueBelow, above, valueAbove];
  let [x3, f3] = [x2, f2];
  let share = 0.5;
  for (let iteration = 0; iteration < 200; iteration += 1) {
    const x = x1 + share * (x2 - x1);
    const f = evaluate(x);
    if (f > 0 === f1 > 0) [x3, f3] = [x1, f1];
    else [x3, f3, x2, f2] = [x2, f2, x1, f1];
    [x1, f1] = [x, f];
    const best = Math.abs(f1) < Math.abs(f2) ? x1 : x2;
    const tolerance = (2 * Number.EPSILON * Math.abs(best) + Number.MIN_VALUE) / Math.abs(x2 - x1);
    if (tolerance > 0.5 || f1 === 0) return best;
    const xi = (x1 - x2) / (x3 - x2);
    const phi = (f1 - f2) / (f3 - f2);
    const canInterpolate = phi * phi < xi && (1 - phi) * (1 - phi) < 1 - xi;
    const next = canInterpolate
      ? (f1 / (f2 - f1)) * (f3 / (f2 - f3)) + ((x3 - x1) / (x2 - x1)) * (f1 / (f3 - f1)) * (f2 / (f3 - f2))
      : 0.5;
    share = Math.min(1 - tolerance, Math.max(tolerance, next));
  }
  return x1;
}

/** Where a convex `evaluate` is smallest in [low, high], by golden-section search to about half the digits of a double. */
export function minimise(evaluate: (x: number) => number, low: number, high: number): number {
  const golden = (Math.sqrt(5) - 1) / 2;
  let [below, above] = [low, high];
  let left = above - golden * (above - below);
  let right = below + golden * (above - below);
  let [valueLeft, valueRight] = [evaluate(left), evaluate(right)];
  // The flat bottom hides the rest of the digits: beyond sqrt(epsilon) the comparison is of rounding errors.
  const floor = 1e-12 * (high - low);
  while (above - below > floor + 1e-9 * Math.max(Math.abs(above), Math.abs(below))) {
    if (valueLeft < valueRight) {
      [above, right, valueRight] = [right, left, valueLeft];
      left = above - golden * (above - below);
      valueLeft = evaluate(left);
    } else {
      [below, left, valueLeft] = [left, right, valueRight];
      right = below + golden * (above - below);
      valueRight = evaluate(right);
    }
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
