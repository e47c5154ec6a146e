// The evidence behind the calibrated verdicts: how unlikely are these two rows of counts without drift?
import { kolmogorovLimitSurvival, regularizedGammaUpper } from '@switchyard/special-functions';

export interface CellGroups {
  readonly reference: Float64Array;
  readonly current: Float64Array;
  /** First and last cell of each group of neighbours; for categories the cells are listed in `members`. */
  readonly members: readonly (readonly number[])[];
}

/** Fewest expected rows per cell on the smaller side. */
const SMALLEST_EXPECTED = 8;

/**
 * Merges neighbouring cells until each group holds at least 1/groups of all rows and at least eight expected rows on
 * the smaller side. Looks only at the pooled counts, so the choice of groups cannot favour either side.
 */
export function groupNeighbours(reference: Float64Array, current: Float64Array, groups: number): CellGroups {
  const { enough, total } = pooledNeed(reference, current);
  const wanted = Math.max(total / groups, enough);
  const members: number[][] = [];
  let open: number[] = [];
  let pooled = 0;
  for (let cell = 0; cell < reference.length; cell += 1) {
    open.push(cell);
    pooled += reference[cell]! + current[cell]!;
    if (pooled >= wanted) {
      members.push(open);
      open = [];
      pooled = 0;
    }
  }
  if (open.length > 0) {
    if (members.length > 0 && pooled < enough) members[members.length - 1]!.push(...open);
    else members.push(open);
  }
  return collect(reference, current, members);
}

/** Cells with enough rows stand alone; the others are merged, in order, until they have enough. */
export function groupCategories(reference: Float64Array, current: Float64Array): CellGroups {
  const { enough } = pooledNeed(reference, current);
  const members: number[][] = [];
  let open: number[] = [];
  let pooled = 0;
  for (let cell = 0; cell < reference.length; cell += 1) {
    const rows = reference[cell]! + current[cell]!;
    if (rows >= enough) {
      members.push([cell]);
      continue;
    }
    if (rows === 0) continue;
    open.push(cell);
    pooled += rows;
    if (pooled >= enough) {
      members.push(open);
      open = [];
      pooled = 0;
    }
  }
  if (open.length > 0) {
    // What is left over joins the smallest group, so that no group stays below the need.
    const sizes = members.map((cells) => cells.reduce((sum, cell) => sum + reference[cell]! + current[cell]!, 0));
    const smallest = sizes.indexOf(Math.min(...sizes));
    if (smallest >= 0) members[smallest]!.push(...open);
    else members.push(open);
  }
  return collect(reference, current, members);
}

function pooledNeed(reference: Float64Array, current: Float64Array): { enough: number; total: number } {
  let m = 0;
  let n = 0;
  for (let cell = 0; cell < reference.length; cell += 1) {
    m += reference[cell]!;
    n += current[cell]!;
  }
  return { enough: (SMALLEST_EXPECTED * (m + n)) / Math.max(1, Math.min(m, n)), total: m + n };
}

function collect(reference: Float64Array, current: Float64Array, members: number[][]): CellGroups {
  const total = (counts: Float64Array, cells: number[]): number => cells.reduce((sum, cell) => sum + counts[cell]!, 0);
  return {
    reference: new Float64Array(members.map((cells) => total(reference, cells))),
    current: new Float64Array(members.map((cells) => total(current, cells))),
    members,
  };
}

/**
 * P-value of Pearson's X² for two rows of counts, from the gamma law with the exact mean and variance that X² has
 * when the pooled rows are dealt to the two sides at random. The usual chi-square law is its limit for large cells;
 * in small or lopsided tables the exact moments hold the level better.
 * `designEffect` (≥ 1) divides X² when rows come in dependent clusters. Null when fewer than two cells are occupied.
 * Source of the moments: Dawson (1954), Biometrika 41.
 */
export function homogeneityPValue(
  reference: Float64Array,
  current: Float64Array,
  designEffect = 1,
): { pValue: number; statistic: number; degreesOfFreedom: number } | null {
  let m = 0;
  let n = 0;
  let cells = 0;
  let inverseColumns = 0;
  for (let k = 0; k < reference.length; k += 1) {
    const column = reference[k]! + current[k]!;
    if (column === 0) continue;
    m += reference[k]!;
    n += current[k]!;
    cells += 1;
    inverseColumns += 1 / column;
  }
  const total = m + n;
  if (cells < 2 || m === 0 || n === 0 || total < 6) return null;
  let statistic = 0;
  for (let k = 0; k < reference.length; k += 1) {
    const column = reference[k]! + current[k]!;
    if (column === 0) continue;
    const gap = reference[k]! - (column * m) / total;
    // Both rows deviate by the same gap, so both terms share one numerator.
    statistic += (gap * gap * total * total) / (column * m * n);
  }
  statistic /= designEffect;
  const mean = (total * (cells - 1)) / (total - 1);
  const rowWeight = (1 / m + 1 / n - 4 / total) / (total - 2);
  const columnWeight = (inverseColumns - (cells * cells) / total) / (total - 2);
  const rowValue = (total - 2) / (total - 1);
  const columnValue = ((cells - 1) * (total - cells)) / (total - 1);
  const variance =
    ((2 * total) / (total - 3)) * (rowValue - rowWeight) * (columnValue - columnWeight) +
    ((total * total) / (total - 1)) * rowWeight * columnWeight;
  const shape = (mean * mean) / variance;
  return {
    pValue: regularizedGammaUpper(shape, (statistic * mean) / variance),
    statistic,
    degreesOfFreedom: cells - 1,
  };
}

/**
 * Kolmogorov–Smirnov from counts over ordered cells. D over the cell borders is a lower bound of the statistic of
 * the rows; the p-value from it is the upper end of the interval, and slightly careful.
 * Uses the limit law with Stephens' (1970) correction for finite size.
 */
export function orderedPValue(
  reference: Float64Array,
  current: Float64Array,
  designEffect = 1,
): { pValue: number; pValueInterval: readonly [number, number]; statistic: number } {
  const m = reference.reduce((sum, count) => sum + count, 0);
  const n = current.reduce((sum, count) => sum + count, 0);
  let gap = 0;
  let statistic = 0;
  let upper = 0;
  for (let k = 0; k < reference.length; k += 1) {
    const up = reference[k]! / m;
    const down = current[k]! / n;
    upper = Math.max(upper, Math.abs(gap + up), Math.abs(gap - down));
    gap += up - down;
    statistic = Math.max(statistic, Math.abs(gap));
  }
  const root = Math.sqrt((m * n) / (m + n) / designEffect);
  const toPValue = (d: number): number => kolmogorovLimitSurvival((root + 0.12 + 0.11 / root) * d);
  const pValue = toPValue(statistic);
  return { pValue, pValueInterval: [toPValue(upper), pValue], statistic };
}
