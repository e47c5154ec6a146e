// Distances between two distributions over the same cells (categories or bins), from counts.
// They measure how large a change is. None of them says whether it could be chance: with no drift at all the
// population stability index of K cells is about (K-1)(1/m + 1/n). See assessDrift for calibrated verdicts.
import { type Answer, isProbability, refuse } from '../refusal.ts';
import { checkCounts } from './comparison.ts';

/** What to do with cells that one side never saw, where a logarithm would be infinite. */
export type ZeroRule =
  /** Refuse to answer while any cell is empty on one side only. */
  | { readonly kind: 'refuse' }
  /** Add this many rows to every cell on both sides (0.5 is Jeffreys' prior), then renormalise. */
  | { readonly kind: 'add'; readonly rows: number }
  /** Replace zero shares by this share without renormalising (the custom of credit scoring, 1e-4). */
  | { readonly kind: 'replace'; readonly share: number };

export interface DistanceResult {
  readonly distance: number;
  readonly referenceSize: number;
  readonly currentSize: number;
  /** The conventions behind the number: base of the logarithm, root, zero rule. */
  readonly convention: string;
}

interface Shares {
  readonly reference: Float64Array;
  readonly current: Float64Array;
  readonly referenceSize: number;
  readonly currentSize: number;
}

const DEFAULT_ZERO_RULE: ZeroRule = { kind: 'add', rows: 0.5 };

function toShares(
  reference: ArrayLike<number>,
  current: ArrayLike<number>,
  zeroRule: ZeroRule | 'not-needed',
): Answer<{ shares: Shares }> {
  const checked = checkCounts(reference, current, 2);
  if (!checked.ok) return checked;
  const { referenceSize, currentSize } = checked;
  const occupied: number[] = [];
  for (let k = 0; k < reference.length; k += 1) if (reference[k]! + current[k]! > 0) occupied.push(k);
  const rule = zeroRule === 'not-needed' ? { kind: 'add' as const, rows: 0 } : zeroRule;
  const added = rule.kind === 'add' ? rule.rows : 0;
  if (
    !['refuse', 'add', 'replace'].includes(rule.kind) ||
    !(added >= 0 && Number.isFinite(added)) ||
    (rule.kind === 'replace' && !isProbability(rule.share))
  ) {
    return refuse('invalid-option', 'a zero rule with rows ≥ 0 or a share between 0 and 1', JSON.stringify(rule));
  }
  if (zeroRule !== 'not-needed' && rule.kind !== 'replace' && added === 0) {
    const empty = occupied.find((k) => reference[k] === 0 || current[k] === 0);
    if (empty !== undefined) {
      return refuse('no-overlap', 'rows on both sides in every cell, or a zero rule', `an empty side in cell ${empty}`);
    }
  }
  const share = (count: number, size: number): number => {
    if (count === 0 && rule.kind === 'replace') return rule.share;
    return (count + added) / (size + added * occupied.length);
  };
  // A plain loop: `from` with a function takes ten times as long, and verdicts ask for every feature.
  const pick = (counts: ArrayLike<number>, cells: readonly number[], size: number): Float64Array => {
    const shares = new Float64Array(cells.length);
    for (let at = 0; at < cells.length; at += 1) shares[at] = share(counts[cells[at]!]!, size);
    return shares;
  };
  return {
    ok: true,
    shares: {
      reference: pick(reference, occupied, referenceSize),
      current: pick(current, occupied, currentSize),
      referenceSize,
      currentSize,
    },
  };
}

function measure(
  reference: ArrayLike<number>,
  current: ArrayLike<number>,
  zeroRule: ZeroRule | 'not-needed',
  convention: string,
  distance: (p: Float64Array, q: Float64Array) => number,
): Answer<DistanceResult> {
  const converted = toShares(reference, current, zeroRule);
  if (!converted.ok) return converted;
  const { shares } = converted;
  return {
    ok: true,
    distance: distance(shares.reference, shares.current),
    referenceSize: shares.referenceSize,
    currentSize: shares.currentSize,
    convention: zeroRule === 'not-needed' ? convention : `${convention}; zero rule ${JSON.stringify(zeroRule)}`,
  };
}

function sumOver(p: Float64Array, q: Float64Array, term: (a: number, b: number) => number): number {
  let sum = 0;
  for (let k = 0; k < p.length; k += 1) sum += term(p[k]!, q[k]!);
  return sum;
}

const logTerm = (a: number, b: number): number => (a > 0 ? a * Math.log(a / b) : 0);

/**
 * Population stability index Σ (r - c) ln(r/c), natural logarithm: how far apart are both distributions over the cells?
 * The sum of both Kullback–Leibler divergences. Cells that neither side saw are left out; by default half a row is
 * added to every other one.
 * Assumes the same cells in the same order on both sides. Refuses counts that are not whole, lists of different length,
 * fewer than 2 rows a side, a zero rule out of range, and cells empty on one side where the zero rule says so. Source:
 * Jeffreys (1946) for the sum, Siddiqi (2006) for its use in credit scoring.
 */
export function populationStabilityIndex(
  reference: ArrayLike<number>,
  current: ArrayLike<number>,
  options: { readonly zeroRule?: ZeroRule } = {},
): Answer<DistanceResult> {
  return measure(reference, current, options.zeroRule ?? DEFAULT_ZERO_RULE, 'natural logarithm', (p, q) =>
    sumOver(p, q, (a, b) => (a - b) * Math.log(a / b)),
  );
}

/**
 * Kullback–Leibler divergence of the reference from the current distribution, Σ r ln(r/c), natural logarithm: what does
 * it cost to take the current shares for those of the reference? Cells and zero rule as for the stability index.
 * Assumes the same cells in the same order on both sides. Refuses counts that are not whole, lists of different length,
 * fewer than 2 rows a side, a zero rule out of range, and cells empty on one side where the zero rule says so. Source:
 * Kullback and Leibler (1951).
 */
export function kullbackLeibler(
  reference: ArrayLike<number>,
  current: ArrayLike<number>,
  options: { readonly zeroRule?: ZeroRule } = {},
): Answer<DistanceResult> {
  return measure(
    reference,
    current,
    options.zeroRule ?? DEFAULT_ZERO_RULE,
    'natural logarithm, reference over current',
    (p, q) => Math.max(0, sumOver(p, q, logTerm)),
  );
}

/**
 * Jensen–Shannon distance: how far apart are both distributions over the cells? √(½ Σ r ln(r/m) + ½ Σ c ln(c/m)) with
 * m = (r + c)/2, the root of the mean divergence of both from their midpoint. `base` 2 (default, largest value 1) or
 * 'e' (largest √ln 2 = 0.83). Needs no zero rule.
 * Assumes the same cells in the same order on both sides. Refuses counts that are not whole, lists of different length,
 * fewer than 2 rows a side and another base. Source: Lin (1991); Endres and Schindelin (2003) for the root; equals
 * SciPy's `jensenshannon`.
 */
export function jensenShannon(
  reference: ArrayLike<number>,
  current: ArrayLike<number>,
  options: { readonly base?: 2 | 'e' } = {},
): Answer<DistanceResult> {
  const base = options.base ?? 2;
  if (base !== 2 && base !== 'e') return refuse('invalid-option', "base 2 or 'e'", String(base));
  return measure(reference, current, 'not-needed', `base ${base}, square root`, (p, q) => {
    const divergence = sumOver(p, q, (a, b) => logTerm(a, (a + b) / 2) + logTerm(b, (a + b) / 2)) / 2;
    return Math.sqrt(Math.max(0, divergence) / (base === 2 ? Math.LN2 : 1));
  });
}

/**
 * Hellinger distance √(1 - Σ √(r c)), between 0 and 1: how little do both distributions over the cells overlap? Needs
 * no zero rule.
 * Assumes the same cells in the same order on both sides. Refuses counts that are not whole, lists of different length
 * and fewer than 2 rows a side. Source: Hellinger (1909).
 */
export function hellinger(reference: ArrayLike<number>, current: ArrayLike<number>): Answer<DistanceResult> {
  // ½ Σ (√r - √c)² is the same and does not cancel for near-equal distributions.
  return measure(reference, current, 'not-needed', 'square root of ½ Σ (√r - √c)²', (p, q) =>
    Math.sqrt(sumOver(p, q, (a, b) => (Math.sqrt(a) - Math.sqrt(b)) ** 2) / 2),
  );
}

/**
 * Total variation ½ Σ |r - c|: the share of rows that would have to move to make both equal.
 * Assumes the same cells in the same order on both sides. Refuses counts that are not whole, lists of different length
 * and fewer than 2 rows a side. Source: definition.
 */
export function totalVariation(reference: ArrayLike<number>, current: ArrayLike<number>): Answer<DistanceResult> {
  return measure(reference, current, 'not-needed', 'half the sum of absolute differences', (p, q) =>
    sumOver(p, q, (a, b) => Math.abs(a - b) / 2),
  );
}

/**
 * Largest difference of any single share, max |r - c|: how far has the cell moved that moved most?
 * Assumes the same cells in the same order on both sides. Refuses counts that are not whole, lists of different length
 * and fewer than 2 rows a side. Source: definition, NannyML's L-infinity.
 */
export function largestShareDifference(
  reference: ArrayLike<number>,
  current: ArrayLike<number>,
): Answer<DistanceResult> {
  return measure(reference, current, 'not-needed', 'largest absolute difference', (p, q) => {
    let largest = 0;
    for (let k = 0; k < p.length; k += 1) largest = Math.max(largest, Math.abs(p[k]! - q[k]!));
    return largest;
  });
}
