// What the counts of one feature say: one or more signals, each with a p-value and the size of the change.
import { hypergeometricProbability } from '@switchyard/special-functions';
import type { CategoricalReference, NumericReference } from '../profile/reference-profile.ts';
import {
  type CellGroups,
  groupCategories,
  groupNeighbours,
  homogeneityPValue,
  orderedPValue,
} from './homogeneity-evidence.ts';

export type SignalName = 'distribution' | 'new-categories' | 'out-of-range' | 'missing';

export interface Signal {
  readonly name: SignalName;
  /** Probability without drift, already corrected for the other signals of the feature. */
  readonly pValue: number;
  /** Size of the change as a share of rows: total variation for the distribution, change of share otherwise. */
  readonly effect: number;
}

export interface FeatureEvidence {
  readonly signals: readonly Signal[];
  readonly groups: CellGroups;
  /** For Kolmogorov–Smirnov: p-values over every position of the rows within their bins. */
  readonly pValueInterval: readonly [number, number] | null;
}

export interface EvidenceOptions {
  readonly numericRule: 'binned' | 'kolmogorov-smirnov';
  readonly groups: number;
  readonly designEffect: number;
}

/** Part of the level kept for each rare-event signal that can occur; the rest goes to the distribution. */
const SIDE_SHARE = 0.1;

export function numericEvidence(
  reference: NumericReference,
  cells: Float64Array,
  missing: number,
  options: EvidenceOptions,
): FeatureEvidence {
  const { designEffect } = options;
  const groups = groupNeighbours(reference.counts, cells, options.groups);
  const m = sum(reference.counts);
  const n = sum(cells);
  const last = cells.length - 1;
  const under = upperTail(cells[0]!, m, n, designEffect);
  const over = upperTail(cells[last]!, m, n, designEffect);
  let distribution = homogeneityPValue(groups.reference, groups.current, designEffect)?.pValue ?? 1;
  let pValueInterval: readonly [number, number] | null = null;
  if (options.numericRule === 'kolmogorov-smirnov') {
    const ordered = orderedPValue(reference.counts, cells, designEffect);
    distribution = ordered.pValue;
    pValueInterval = ordered.pValueInterval;
  }
  const missingSignal = missingEvidence(reference.missing, missing, m, n, designEffect);
  const sides = [
    {
      name: 'out-of-range' as const,
      pValue: Math.min(1, 2 * Math.min(under, over)),
      effect: (cells[0]! + cells[last]!) / n,
    },
    ...(missingSignal ? [missingSignal] : []),
  ];
  const main = { name: 'distribution' as const, pValue: distribution, effect: variation(groups) };
  return { signals: divideLevel(main, sides), groups, pValueInterval };
}

export function categoricalEvidence(
  reference: CategoricalReference,
  cells: Float64Array,
  missing: number,
  options: EvidenceOptions,
): FeatureEvidence {
  const { designEffect } = options;
  const groups = groupCategories(reference.counts, cells);
  const m = sum(reference.counts);
  const n = sum(cells);
  const other = cells.length - 1;
  const referenceOther = reference.counts[other]!;
  const currentOther = cells[other]!;
  const main = {
    name: 'distribution' as const,
    pValue: homogeneityPValue(groups.reference, groups.current, designEffect)?.pValue ?? 1,
    effect: variation(groups),
  };
  const missingSignal = missingEvidence(reference.missing, missing, m, n, designEffect);
  const sides: Signal[] = missingSignal ? [missingSignal] : [];
  if (referenceOther + currentOther > 0) {
    sides.push({
      name: 'new-categories',
      pValue: rareIncrease(referenceOther, currentOther, m, n, designEffect),
      effect: Math.max(0, currentOther / n - referenceOther / m),
    });
  }
  return { signals: divideLevel(main, sides), groups, pValueInterval: null };
}

/** When too few values are present to compare, whether more (or fewer) are missing can still be judged. */
export function missingOnlyEvidence(
  missingBefore: number,
  presentBefore: number,
  missing: number,
  present: number,
  designEffect: number,
): FeatureEvidence {
  const signal = missingEvidence(missingBefore, missing, presentBefore, present, designEffect);
  const groups = { reference: new Float64Array(0), current: new Float64Array(0), members: [] };
  return { signals: signal ? [signal] : [], groups, pValueInterval: null };
}

/** Weighted Bonferroni: each side signal is judged at a tenth of the level, the distribution at the rest. */
function divideLevel(main: Signal, sides: readonly Signal[]): Signal[] {
  const rest = 1 - SIDE_SHARE * sides.length;
  return [
    { ...main, pValue: Math.min(1, main.pValue / rest) },
    ...sides.map((side) => ({ ...side, pValue: Math.min(1, side.pValue / SIDE_SHARE) })),
  ];
}

/** P(all of u rows that lie beyond the reference are current): (n)_u / (m+n)_u, when rows are exchangeable. */
function upperTail(rows: number, m: number, n: number, designEffect: number): number {
  // Rows in clusters count as fewer independent ones.
  const independent = Math.floor(rows / designEffect);
  let probability = 1;
  for (let i = 0; i < independent && probability > 1e-300; i += 1) {
    probability *= Math.max(0, n - i) / (m + n - i);
  }
  return probability;
}

/** One-sided: is the rare cell more frequent now? Exact for few rows, else half of the two-sided moment test. */
function rareIncrease(before: number, now: number, m: number, n: number, designEffect: number): number {
  const pooled = before + now;
  const expected = (pooled * Math.min(m, n)) / (m + n);
  if (expected < 5 && designEffect === 1) {
    let tail = 0;
    for (let k = now; k <= Math.min(pooled, n); k += 1) {
      const term = hypergeometricProbability(k, m + n, pooled, n);
      tail += term;
      if (term < tail * 1e-17) break;
    }
    return Math.min(1, tail);
  }
  if (before === 0) return upperTail(now, m, n, designEffect);
  const two = homogeneityPValue(Float64Array.of(before, m - before), Float64Array.of(now, n - now), designEffect);
  if (!two) return 1;
  return now / n > before / m ? two.pValue / 2 : 1 - two.pValue / 2;
}

function missingEvidence(
  before: number,
  now: number,
  presentBefore: number,
  presentNow: number,
  designEffect: number,
): Signal | null {
  if (before + now === 0) return null;
  const m = before + presentBefore;
  const n = now + presentNow;
  const expected = ((before + now) * Math.min(m, n)) / (m + n);
  const pValue =
    expected < 5 && designEffect === 1
      ? Math.min(1, 2 * Math.min(rareIncrease(before, now, m, n, 1), rareIncrease(now, before, n, m, 1)))
      : (homogeneityPValue(Float64Array.of(before, presentBefore), Float64Array.of(now, presentNow), designEffect)
          ?.pValue ?? 1);
  return { name: 'missing', pValue, effect: Math.abs(now / n - before / m) };
}

function variation(groups: CellGroups): number {
  const m = sum(groups.reference);
  const n = sum(groups.current);
  return groups.reference.reduce((total, count, k) => total + Math.abs(count / m - groups.current[k]! / n) / 2, 0);
}

function sum(counts: Float64Array): number {
  let total = 0;
  for (let k = 0; k < counts.length; k += 1) total += counts[k]!;
  return total;
}
