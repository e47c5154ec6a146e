// Plain sentences on what moved in a feature, largest change first.
import type { FeatureReference, NumericReference } from '../profile/reference-profile.ts';
import type { CellGroups } from './homogeneity-evidence.ts';

export interface Movement {
  /** The values or categories concerned, in words. */
  readonly what: string;
  readonly referenceShare: number;
  readonly currentShare: number;
}

export interface FeatureExplanation {
  readonly summary: string;
  /** Largest changes of share, at most five. */
  readonly movements: readonly Movement[];
  /** Change of the typical value in standard deviations of the reference, from the bins; null for categories and constants. */
  readonly meanShift: number | null;
}

export function explainFeature(
  name: string,
  reference: FeatureReference,
  cells: Float64Array,
  missing: number,
  groups: CellGroups,
): FeatureExplanation {
  const m = total(reference.counts);
  const n = total(cells);
  const candidates: Movement[] = groups.members.map((members, k) => ({
    what: describeGroup(reference, members),
    referenceShare: groups.reference[k]! / m,
    currentShare: groups.current[k]! / n,
  }));
  const last = cells.length - 1;
  if (reference.kind === 'numeric') {
    // The first edge is the number just below the smallest value.
    const lowest = shortNumber(reference.edges[0]!);
    const highest = shortNumber(reference.edges[reference.edges.length - 1]!);
    if (cells[0]! > 0 && n > 0)
      candidates.push(outside(`values below ${lowest}, the smallest of the reference`, cells[0]! / n));
    if (cells[last]! > 0) {
      candidates.push(outside(`values above ${highest}, the largest of the reference`, cells[last]! / n));
    }
  }
  if (missing + reference.missing > 0) {
    candidates.push({
      what: 'missing values',
      referenceShare: reference.missing / (m + reference.missing),
      currentShare: missing / (n + missing),
    });
  }
  const size = (movement: Movement): number => Math.abs(movement.currentShare - movement.referenceShare);
  const movements = candidates
    .sort((a, b) => size(b) - size(a))
    .filter((movement) => size(movement) > 0)
    .slice(0, 5);
  const meanShift = reference.kind === 'numeric' && n > 0 ? shiftOf(reference, cells, n) : null;
  const parts = movements
    .slice(0, 3)
    .map(({ what, referenceShare, currentShare }) => `${what}: ${percent(referenceShare)} → ${percent(currentShare)}`);
  const shift =
    meanShift === null || Math.abs(meanShift) < 0.05
      ? ''
      : `; the mean moved ${meanShift > 0 ? 'up' : 'down'} by about ${Math.abs(meanShift).toFixed(2)} standard deviations`;
  const summary = parts.length > 0 ? `${name}: ${parts.join('; ')}${shift}.` : `${name}: no share changed.`;
  return { summary, movements, meanShift };
}

function outside(what: string, currentShare: number): Movement {
  return { what, referenceShare: 0, currentShare };
}

function describeGroup(reference: FeatureReference, members: readonly number[]): string {
  if (reference.kind === 'categorical') {
    const names = members.map((cell) =>
      cell < reference.categories.length ? `"${reference.categories[cell]}"` : 'other categories',
    );
    return names.length <= 3 ? names.join(', ') : `${names.slice(0, 2).join(', ')} and ${names.length - 2} more`;
  }
  const first = members[0]!;
  const last = members[members.length - 1]!;
  const top = reference.edges[last];
  const bottom = first <= 1 ? undefined : reference.edges[first - 1]!;
  if (bottom === undefined && top === undefined) return 'all values';
  if (bottom === undefined) return `values up to ${shortNumber(top!)}`;
  if (top === undefined || last === reference.counts.length - 1) return `values above ${shortNumber(bottom)}`;
  return `values above ${shortNumber(bottom)} up to ${shortNumber(top)}`;
}

function shiftOf(reference: NumericReference, cells: Float64Array, n: number): number | null {
  if (!(reference.standardDeviation > 0)) return null;
  let mean = 0;
  for (let k = 0; k < cells.length; k += 1) mean += (cells[k]! / n) * reference.representatives[k]!;
  return (mean - reference.mean) / reference.standardDeviation;
}

function total(counts: Float64Array): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function shortNumber(value: number): string {
  return String(Number(value.toPrecision(4)));
}
