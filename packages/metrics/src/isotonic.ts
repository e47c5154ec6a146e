import { checkAllFinite, checkSameLength, checkWeight } from './internal/check.ts';
import { countBelow } from './internal/order-statistics.ts';
import { failure, type Result } from './result.ts';

/** A rising step-and-line function: the corner points, by rising x. */
export interface IsotonicFit {
  readonly x: readonly number[];
  readonly y: readonly number[];
}

/**
 * Which rising function of x is closest to y in (weighted) squares?
 *
 * Formula: pool adjacent violators, after averaging rows with the same x. Between corners the value is interpolated,
 * outside them the nearest end is kept (`clip`).
 * Assumes that y does not fall with x on average, and independent rows. Domain: finite x and y, weights ≥ 0.
 * Fails on no row, one row, x without two different values (`constant`), NaN, negative weights, columns of different
 * length.
 * Source: scikit-learn `IsotonicRegression(out_of_bounds='clip')`; Barlow et al. 1972.
 */
export function fitIsotonic(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  weights?: ArrayLike<number>,
): Result<{ readonly fit: IsotonicFit }> {
  const problem =
    checkSameLength('y', y.length, x.length) ??
    (weights && checkSameLength('weights', weights.length, x.length)) ??
    checkAllFinite('x', x) ??
    checkAllFinite('y', y);
  if (problem) return problem;
  if (x.length < 2) return failure('too-few-rows', 'at least two rows');
  const grouped = groupByX(x, y, weights);
  if (!grouped.ok) return grouped;
  return { ok: true, fit: corners(grouped.points) };
}

interface Point {
  readonly x: number;
  y: number;
  weight: number;
}

function groupByX(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  weights?: ArrayLike<number>,
): Result<{ readonly points: Point[] }> {
  const order = Uint32Array.from({ length: x.length }, (_, row) => row);
  order.sort((a, b) => (x[a] as number) - (x[b] as number) || a - b);
  const points: Point[] = [];
  for (const row of order) {
    const weight = weights?.[row] ?? 1;
    const problem = checkWeight(weight, row);
    if (problem) return problem;
    if (weight === 0) continue;
    const last = points.at(-1);
    if (last && last.x === x[row]) {
      last.y += weight * (y[row] as number);
      last.weight += weight;
    } else points.push({ x: x[row] as number, y: weight * (y[row] as number), weight });
  }
  for (const point of points) point.y /= point.weight;
  return points.length < 2 ? failure('constant', 'at least two different values of x') : { ok: true, points };
}

function corners(points: readonly Point[]): IsotonicFit {
  const blocks: { mean: number; weight: number; from: number; to: number }[] = [];
  for (const [at, { y, weight }] of points.entries()) {
    let block = { mean: y, weight, from: at, to: at };
    for (let last = blocks.at(-1); last && last.mean >= block.mean; last = blocks.at(-1)) {
      const total = last.weight + block.weight;
      block = {
        mean: (last.mean * last.weight + block.mean * block.weight) / total,
        weight: total,
        from: last.from,
        to: block.to,
      };
      blocks.pop();
    }
    blocks.push(block);
  }
  const x: number[] = [];
  const y: number[] = [];
  for (const { mean, from, to } of blocks) {
    x.push((points[from] as Point).x);
    y.push(mean);
    if (to === from) continue;
    x.push((points[to] as Point).x);
    y.push(mean);
  }
  return { x, y };
}

/**
 * What does the fitted function say at each value?
 *
 * Formula: straight lines between the corners of the fit, outside them the nearest end. Assumes a value means what it
 * meant when the fit was made. Domain: finite values.
 * Fails on no value or a fit without corners (`empty`), on NaN, on a fit with unequal x and y (`length-mismatch`), and on
 * one whose corners are not finite or do not rise in x.
 * Source: as `fitIsotonic`.
 */
export function applyIsotonic(fit: IsotonicFit, values: ArrayLike<number>): Result<{ readonly values: Float64Array }> {
  const problem = checkAllFinite('values', values) ?? checkSameLength('fit.y', fit.y.length, fit.x.length);
  if (problem) return problem;
  if (fit.x.length === 0) return failure('empty', 'a fit with at least one corner');
  if (!isRising(fit)) return failure('invalid-argument', 'a fit whose corners are finite and rise in x');
  return { ok: true, values: Float64Array.from(values, (value) => interpolate(fit, value)) };
}

const rising = new WeakSet<IsotonicFit>();

/** Looked at once: calibrators are applied row by row. */
function isRising(fit: IsotonicFit): boolean {
  if (rising.has(fit)) return true;
  const isSound =
    fit.x.every((x, at) => Number.isFinite(x) && (at === 0 || x > (fit.x[at - 1] as number))) &&
    fit.y.every(Number.isFinite);
  if (isSound) rising.add(fit);
  return isSound;
}

function interpolate({ x, y }: IsotonicFit, value: number): number {
  const above = countBelow(x, value);
  if (above === 0) return y[0] as number;
  if (above === x.length) return y[x.length - 1] as number;
  const [x0, x1] = [x[above - 1] as number, x[above] as number];
  const [y0, y1] = [y[above - 1] as number, y[above] as number];
  return y0 + ((y1 - y0) / (x1 - x0)) * (value - x0);
}
