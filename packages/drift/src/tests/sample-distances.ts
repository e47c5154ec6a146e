// Distances between two samples on the number line.
import { type Answer, refuse } from '../refusal.ts';
import type { Comparison, PooledTable } from './comparison.ts';
import type { DistanceResult } from './share-distances.ts';

/** ∫ g(|F - G|) dx over the pooled values. */
function integrateGap(table: PooledTable, transform: (gap: number) => number): number {
  let referenceBelow = 0;
  let currentBelow = 0;
  let sum = 0;
  for (let index = 0; index + 1 < table.values.length; index += 1) {
    referenceBelow += table.reference[index]!;
    currentBelow += table.current[index]!;
    const gap = Math.abs(referenceBelow / table.referenceSize - currentBelow / table.currentSize);
    sum += transform(gap) * (table.values[index + 1]! - table.values[index]!);
  }
  return sum;
}

function answer(table: PooledTable, distance: number, convention: string): Answer<DistanceResult> {
  if (!Number.isFinite(distance)) {
    return refuse('not-finite', 'values whose range is representable', 'the range of the values overflows');
  }
  const { referenceSize, currentSize } = table;
  return { ok: true, distance, referenceSize, currentSize, convention };
}

/**
 * Wasserstein-1 (earth mover's) distance ∫ |F - G| dx, in units of the feature: how far the average row has to move.
 * `unit` 'reference-deviation' divides by the standard deviation of the reference (n in the denominator). Says how far
 * apart the samples are, not whether by chance.
 * Assumes, for counts, that rows lie at their bin's value. Refuses what `compareSamples` or `compareCounts` refused, an
 * unknown unit, a range that overflows, and a constant reference as unit. Source: Vallender (1973); equals SciPy's
 * `wasserstein_distance`.
 */
export function wasserstein(
  comparison: Comparison,
  options: { readonly unit?: 'feature' | 'reference-deviation' } = {},
): Answer<DistanceResult> {
  if (!comparison.ok) return comparison;
  const unit = options.unit ?? 'feature';
  if (unit !== 'feature' && unit !== 'reference-deviation') {
    return refuse('invalid-option', "unit 'feature' or 'reference-deviation'", String(unit));
  }
  const distance = integrateGap(comparison, (gap) => gap);
  if (unit === 'feature') return answer(comparison, distance, 'units of the feature');
  const deviation = referenceDeviation(comparison);
  if (!(deviation > 0)) return refuse('constant', 'a reference that varies', 'a constant reference');
  return answer(comparison, distance / deviation, 'standard deviations of the reference');
}

/**
 * Energy distance √(2 ∫ (F - G)² dx): how far apart are both samples? Not whether by chance.
 * Assumes, for counts, that rows lie at their bin's value. Refuses what `compareSamples` or `compareCounts` refused,
 * and a range that overflows. Source: Székely and Rizzo (2013); equals SciPy's `energy_distance`.
 */
export function energyDistance(comparison: Comparison): Answer<DistanceResult> {
  if (!comparison.ok) return comparison;
  return answer(comparison, Math.SQRT2 * Math.sqrt(integrateGap(comparison, (gap) => gap * gap)), 'square root');
}

function referenceDeviation(table: PooledTable): number {
  let mean = 0;
  for (let i = 0; i < table.values.length; i += 1)
    mean += (table.reference[i]! / table.referenceSize) * table.values[i]!;
  let variance = 0;
  for (let i = 0; i < table.values.length; i += 1) {
    variance += (table.reference[i]! / table.referenceSize) * (table.values[i]! - mean) ** 2;
  }
  return Math.sqrt(variance);
}
