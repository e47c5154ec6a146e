import { dot } from './cholesky.ts';

/** A convex function at one point. */
export interface Point {
  readonly value: number;
  readonly slope: Float64Array;
  /** Second derivatives times a direction. */
  curve(direction: Float64Array): Float64Array;
}

const STEPS = 200;
const FLAT = 1e-13;

/**
 * The lowest point of a smooth convex function, by Newton steps whose directions come from conjugate gradients, so that
 * the matrix of second derivatives is never built. `isFlat` says whether the slope is 0 up to rounding.
 */
export function minimiseSmooth(
  evaluate: (x: Float64Array) => Point,
  start: Float64Array,
): { readonly x: Float64Array; readonly value: number; readonly isFlat: boolean } {
  let x = start;
  let point = evaluate(x);
  const scale = Math.max(1, largest(point.slope));
  for (let step = 0; step < STEPS; step += 1) {
    if (largest(point.slope) <= FLAT * scale) break;
    const direction = newtonDirection(point);
    const descent = dot(direction, point.slope);
    const next = descent < 0 ? halveUntilLower(evaluate, x, point, direction, descent) : undefined;
    if (next === undefined) break;
    ({ x, point } = next);
  }
  return { x, value: point.value, isFlat: largest(point.slope) <= 1e-8 * scale };
}

function halveUntilLower(
  evaluate: (x: Float64Array) => Point,
  x: Float64Array,
  from: Point,
  direction: Float64Array,
  descent: number,
): { x: Float64Array; point: Point } | undefined {
  for (let share = 1; share > 1e-10; share /= 2) {
    const next = x.map((value, index) => value + share * (direction[index] as number));
    const point = evaluate(next);
    if (point.value <= from.value + 1e-4 * share * descent) return { x: next, point };
    // So close to the lowest point that values no longer tell; slopes still do.
    const isLevel = Math.abs(point.value - from.value) <= 1e-14 * Math.abs(from.value);
    if (share === 1 && isLevel && largest(point.slope) < 0.9 * largest(from.slope)) return { x: next, point };
  }
  return undefined;
}

function newtonDirection(point: Point): Float64Array {
  const size = point.slope.length;
  const direction = new Float64Array(size);
  const residual = point.slope.map((value) => -value);
  let search = residual.slice();
  let squared = dot(residual, residual);
  // Looser far from the lowest point, where the direction is rough anyway; six digits near it, the rest is rounding.
  const goal = squared * Math.max(1e-12, Math.min(1e-4, squared));
  for (let step = 0; step < 20 * size && squared > goal && squared > 0; step += 1) {
    const curved = point.curve(search);
    const along = dot(search, curved);
    if (!(along > 0)) break;
    const share = squared / along;
    for (let index = 0; index < size; index += 1) {
      direction[index] = (direction[index] as number) + share * (search[index] as number);
      residual[index] = (residual[index] as number) - share * (curved[index] as number);
    }
    const next = dot(residual, residual);
    search = residual.map((value, index) => value + (next / squared) * (search[index] as number));
    squared = next;
  }
  return direction;
}

function largest(values: Float64Array): number {
  let most = 0;
  for (const value of values) most = Math.max(most, Math.abs(value));
  return most;
}
