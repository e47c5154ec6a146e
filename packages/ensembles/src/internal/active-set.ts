import { dot, multiply, type Square, solvePositiveDefinite } from './cholesky.ts';

/**
 * The w that makes ½·wᵀQw − cᵀw smallest, among w ≥ 0 with Σw = 1 (`sumToOne`), or among all w ≥ 0.
 * Q is positive semidefinite and c lies in its range, as for least squares; members that are copies or mixtures of
 * others are fine. Active sets as in Lawson and Hanson, Solving Least Squares Problems, 1974, ch. 23.
 */
export function minimiseQuadratic(q: Square, c: Float64Array, sumToOne: boolean): Float64Array {
  const size = c.length;
  const problem: Problem = { q, c, size, sumToOne };
  const weights = new Float64Array(size);
  const passive = new Set<number>();
  if (sumToOne) {
    const start = bestCorner(problem);
    weights[start] = 1;
    passive.add(start);
  }
  const useless = new Set<number>();
  for (let round = 0; round < 20 * size + 20; round += 1) {
    const entering = findEntering(problem, weights, passive, useless);
    if (entering === undefined) break;
    passive.add(entering);
    if (descend(problem, weights, passive, entering)) useless.clear();
    else useless.add(entering);
  }
  return weights;
}

interface Problem {
  readonly q: Square;
  readonly c: Float64Array;
  readonly size: number;
  readonly sumToOne: boolean;
}

function bestCorner({ q, c, size }: Problem): number {
  let best = 0;
  let lowest = Number.POSITIVE_INFINITY;
  for (let index = 0; index < size; index += 1) {
    const value = 0.5 * (q[index * size + index] as number) - (c[index] as number);
    if (value < lowest) {
      lowest = value;
      best = index;
    }
  }
  return best;
}

/** The outside weight whose growth lowers the value fastest. */
function findEntering(
  { q, c, size, sumToOne }: Problem,
  weights: Float64Array,
  passive: ReadonlySet<number>,
  useless: ReadonlySet<number>,
): number | undefined {
  const slope = multiply(q, size, weights);
  const rounding = new Float64Array(size);
  for (let index = 0; index < size; index += 1) {
    rounding[index] = 1e-15 * (Math.abs(slope[index] as number) + Math.abs(c[index] as number));
    slope[index] = (slope[index] as number) - (c[index] as number);
  }
  const level = sumToOne ? dot(slope, weights) : 0;
  let entering: number | undefined;
  let lowest = level;
  for (let index = 0; index < size; index += 1) {
    if (passive.has(index) || useless.has(index)) continue;
    const value = slope[index] as number;
    if (value >= lowest || value >= level - (rounding[index] as number)) continue;
    lowest = value;
    entering = index;
  }
  return entering;
}

/** Moves to the lowest point over the passive weights, dropping those that would turn negative on the way. */
function descend(problem: Problem, weights: Float64Array, passive: Set<number>, entering: number): boolean {
  for (let step = 0; step <= problem.size; step += 1) {
    const members = [...passive];
    const target = lowestOver(problem, members);
    const entered = target?.[members.indexOf(entering)];
    if (target === undefined || (step === 0 && !(entered !== undefined && entered > 0))) {
      // Rounding only: growing this weight does not help.
      passive.delete(entering);
      return false;
    }
    let share = 1;
    for (const [at, member] of members.entries()) {
      const [from, to] = [weights[member] as number, target[at] as number];
      if (to <= 0) share = Math.min(share, from / (from - to));
    }
    for (const [at, member] of members.entries()) {
      const from = weights[member] as number;
      const moved = share === 1 ? (target[at] as number) : from + share * ((target[at] as number) - from);
      const isOut = share < 1 && (target[at] as number) <= 0 && moved <= 1e-14;
      weights[member] = isOut ? 0 : moved;
      if (isOut) passive.delete(member);
    }
    if (share === 1) return true;
  }
  return true;
}

/**
 * The lowest point when only these weights may differ from 0, whatever their sign. On Σw = 1, adding a constant to all
 * of Q changes the value by that constant alone, and makes Q definite where the problem has one answer.
 */
function lowestOver({ q, c, size, sumToOne }: Problem, members: readonly number[]): Float64Array | undefined {
  const count = members.length;
  // Of the size of these members' own numbers, or it would drown them.
  let lift = 0;
  for (const member of members) lift += (q[member * size + member] as number) / count;
  if (lift === 0) lift = 1;
  const matrix = new Float64Array(count * count);
  const right = new Float64Array(count);
  for (const [row, first] of members.entries()) {
    right[row] = c[first] as number;
    for (const [column, second] of members.entries()) {
      matrix[row * count + column] = (q[first * size + second] as number) + (sumToOne ? lift : 0);
    }
  }
  if (!sumToOne) return solvePositiveDefinite(matrix, count, [right])?.[0];
  const solved = solvePositiveDefinite(matrix, count, [right, new Float64Array(count).fill(1)]);
  if (solved === undefined) return undefined;
  const [free, level] = solved as [Float64Array, Float64Array];
  const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);
  const share = (1 - sum(free)) / sum(level);
  return free.map((value, index) => value + share * (level[index] as number));
}
