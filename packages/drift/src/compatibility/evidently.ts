// Evidently's tests by their names, with their formulas and defaults (version 0.7.23), for teams that migrate and
// want the same numbers first. They are reproduced, faults included: see the README for the false-alarm rates
// that these rules really have, and `assessDrift` for rules that hold theirs.
import { chiSquareSurvival, normalCdf } from '@switchyard/special-functions';
import { histogramCounts, histogramEdges } from '../internal/numpy-histogram.ts';
import { type Answer, type RandomSource, refuse } from '../refusal.ts';
import { andersonDarling } from '../tests/anderson-darling.ts';
import { compareSamples, dropMissing } from '../tests/comparison.ts';
import { fisherExact } from '../tests/contingency.ts';
import { cramerVonMises } from '../tests/cramer-von-mises.ts';
import { kolmogorovSmirnov } from '../tests/kolmogorov-smirnov.ts';
import { mannWhitney } from '../tests/mann-whitney.ts';
import { energyDistance, wasserstein } from '../tests/sample-distances.ts';
import { welchT } from '../tests/welch-t.ts';
import { eppsSingleton } from './epps-singleton.ts';
import { evidentlyMeanDiscrepancy } from './evidently-mean-discrepancy.ts';

export type EvidentlyNumericTest =
  | 'ks'
  | 'wasserstein'
  | 'psi'
  | 'jensenshannon'
  | 'kl_div'
  | 'hellinger'
  | 'ed'
  | 'anderson'
  | 'cramer_von_mises'
  | 'mannw'
  | 't_test'
  | 'es'
  | 'empirical_mmd';
export type EvidentlyCategoricalTest =
  | 'chisquare'
  | 'z'
  | 'g_test'
  | 'fisher_exact'
  | 'TVD'
  | 'psi'
  | 'jensenshannon'
  | 'kl_div'
  | 'hellinger';

export interface EvidentlyResult {
  readonly test: string;
  /** Evidently's drift score: a p-value for tests, a distance otherwise. */
  readonly score: number;
  readonly threshold: number;
  readonly isDrifted: boolean;
}

export type EvidentlyColumn =
  | {
      readonly type: 'numerical';
      readonly reference: ArrayLike<number | null>;
      readonly current: ArrayLike<number | null>;
      readonly test?: EvidentlyNumericTest;
    }
  | {
      readonly type: 'categorical';
      readonly reference: ArrayLike<string | null>;
      readonly current: ArrayLike<string | null>;
      readonly test?: EvidentlyCategoricalTest;
    };

const THRESHOLDS: Readonly<Record<string, number>> = {
  ks: 0.05,
  mannw: 0.05,
  t_test: 0.05,
  es: 0.05,
  chisquare: 0.05,
  z: 0.05,
};

/**
 * What would Evidently say of a column? Its drift score by one of its tests, against its threshold; without `test`, the
 * test it would choose from the size of the reference and the number of distinct values. Missing and infinite values
 * are dropped first, as there.
 *
 * Its formulas, where they are not those of this package: `chisquare` and `g_test` take the reference as known without
 * error, `mannw` asks only whether the reference is smaller, `t_test` pools the variances, `wasserstein` divides by the
 * reference's deviation or 0.001, numeric shares are over pooled Sturges bins (with up to 20 distinct reference values:
 * one per value; `hellinger` over those of the distinct values), `jensenshannon` has the natural logarithm, and `psi`
 * and `kl_div` replace zero shares. `TVD` and `empirical_mmd` permute: pass `random` (their p-values agree with
 * Evidently's up to permutation noise).
 * Assumes, as Evidently does, independent rows where the score is a p-value; a threshold on a distance is no
 * false-alarm rate. Refuses where Evidently raises an error or answers NaN: fewer than 2 values a side, constants
 * without a defined test, unequal row counts for `g_test` and `fisher_exact`, more than two categories for the latter.
 * Refuses as well a threshold that is negative or not finite, a test of another kind of column, a missing `random`, and
 * more than 6,000 rows in all for `empirical_mmd`. Source: Evidently 0.7.23.
 */
export function evidentlyDrift(
  column: EvidentlyColumn,
  options: { readonly threshold?: number; readonly random?: RandomSource } = {},
): Answer<EvidentlyResult> {
  if (!['numerical', 'categorical'].includes(column?.type)) {
    return refuse('invalid-input', "a column of type 'numerical' or 'categorical'", String(column?.type));
  }
  const reference = column.type === 'numerical' ? finite(column.reference) : present(column.reference);
  const current = column.type === 'numerical' ? finite(column.current) : present(column.current);
  if (reference.length < 2 || current.length < 2) {
    return refuse('too-few-values', 'two values on both sides', `${reference.length} and ${current.length}`);
  }
  const test = column.test ?? evidentlyDefaultTest(column.type, reference, current);
  const threshold = options.threshold ?? THRESHOLDS[test] ?? 0.1;
  if (!(Number.isFinite(threshold) && threshold >= 0)) {
    return refuse('invalid-option', 'a finite threshold of at least 0', String(threshold));
  }
  const scored =
    column.type === 'numerical'
      ? scoreNumeric(test as EvidentlyNumericTest, reference as Float64Array, current as Float64Array, options.random)
      : scoreCategorical(test as EvidentlyCategoricalTest, reference as string[], current as string[], options.random);
  if (!scored.ok) return scored;
  if (!Number.isFinite(scored.score)) return refuse('constant', 'columns this test is defined for', 'no finite score');
  return { ok: true, test, score: scored.score, threshold, isDrifted: COMPARE[test]!(scored.score, threshold) };
}

const below = (score: number, threshold: number): boolean => score < threshold;
const atMost = (score: number, threshold: number): boolean => score <= threshold;
const atLeast = (score: number, threshold: number): boolean => score >= threshold;
const COMPARE: Readonly<Record<string, (score: number, threshold: number) => boolean>> = {
  ks: atMost,
  cramer_von_mises: atMost,
  anderson: below,
  mannw: below,
  t_test: below,
  es: below,
  empirical_mmd: below,
  chisquare: below,
  z: below,
  g_test: below,
  fisher_exact: below,
  TVD: below,
  wasserstein: atLeast,
  psi: atLeast,
  jensenshannon: atLeast,
  kl_div: atLeast,
  hellinger: atLeast,
  ed: (score, threshold) => score > threshold,
};

function evidentlyDefaultTest(
  type: 'numerical' | 'categorical',
  reference: ArrayLike<number | string>,
  current: ArrayLike<number | string>,
): EvidentlyNumericTest | EvidentlyCategoricalTest {
  const distinct = new Set([...Array.from(reference), ...Array.from(current)]).size;
  if (reference.length > 1000) return type === 'numerical' && distinct > 5 ? 'wasserstein' : 'jensenshannon';
  if (type === 'numerical' && distinct > 5) return 'ks';
  return distinct > 2 ? 'chisquare' : 'z';
}

type Score = Answer<{ score: number }>;

function scoreNumeric(
  test: EvidentlyNumericTest | 'chisquare' | 'z',
  reference: Float64Array,
  current: Float64Array,
  random: RandomSource | undefined,
): Score {
  const comparison = compareSamples(reference, current);
  const pValue = (result: Answer<{ pValue: number }>): Score =>
    result.ok ? { ok: true, score: result.pValue } : result;
  switch (test) {
    case 'ks':
      return pValue(kolmogorovSmirnov(comparison));
    case 'cramer_von_mises':
      return pValue(cramerVonMises(comparison));
    case 'anderson':
      return pValue(andersonDarling(comparison));
    case 'mannw':
      return pValue(mannWhitney(comparison, { alternative: 'less' }));
    case 't_test':
      return pValue(welchT(comparison, { variance: 'equal' }));
    case 'es':
      return pValue(eppsSingleton(reference, current));
    case 'wasserstein': {
      const distance = wasserstein(comparison);
      return distance.ok ? { ok: true, score: distance.distance / Math.max(deviation(reference), 0.001) } : distance;
    }
    case 'ed': {
      const distance = energyDistance(comparison);
      return distance.ok ? { ok: true, score: distance.distance } : distance;
    }
    case 'hellinger':
      return { ok: true, score: binnedHellinger(reference, current) };
    case 'psi':
    case 'jensenshannon':
    case 'kl_div':
      return { ok: true, score: shareDistance(test, ...binNumeric(reference, current)) };
    case 'empirical_mmd':
      return evidentlyMeanDiscrepancy(reference, current, random);
    case 'chisquare':
    case 'z': {
      const label = sortableLabels(reference, current);
      return scoreCategorical(test, Array.from(reference, label), Array.from(current, label), random);
    }
    default:
      return refuse('invalid-option', "one of Evidently's numeric tests", String(test));
  }
}

function scoreCategorical(
  test: EvidentlyCategoricalTest,
  reference: string[],
  current: string[],
  random: RandomSource | undefined,
): Score {
  const { referenceCounts, currentCounts, keys } = countCategories(reference, current);
  const referenceShares = referenceCounts.map((count) => count / reference.length);
  const currentShares = currentCounts.map((count) => count / current.length);
  switch (test) {
    case 'chisquare': {
      const expected = referenceCounts.map((count) => (count * current.length) / reference.length);
      return goodnessOfFit(currentCounts, expected, (o, e) => (o - e) ** 2 / e);
    }
    case 'g_test':
      if (reference.length !== current.length) {
        return refuse('mismatched-shape', 'equal row counts (as Evidently)', `${reference.length}, ${current.length}`);
      }
      return goodnessOfFit(currentCounts, referenceCounts, (o, e) => (o > 0 ? 2 * o * Math.log(o / e) : 0));
    case 'z':
      return zTest(reference, current, keys);
    case 'fisher_exact': {
      if (reference.length !== current.length) {
        return refuse('mismatched-shape', 'equal row counts (as Evidently)', `${reference.length}, ${current.length}`);
      }
      if (keys.length !== 2) return refuse('invalid-input', 'exactly two categories', String(keys.length));
      const exact = fisherExact(
        { yes: referenceCounts[0]!, no: referenceCounts[1]! },
        { yes: currentCounts[0]!, no: currentCounts[1]! },
      );
      return exact.ok ? { ok: true, score: exact.pValue } : exact;
    }
    case 'TVD':
      return permuteTotalVariation(reference, current, random);
    case 'hellinger': {
      const overlap = referenceShares.reduce((sum, share, k) => sum + Math.sqrt(share * currentShares[k]!), 0);
      return { ok: true, score: Math.sqrt(1 - Math.min(1, Math.max(0, overlap))) };
    }
    case 'psi':
    case 'jensenshannon':
    case 'kl_div':
      return { ok: true, score: shareDistance(test, referenceShares, currentShares) };
    default:
      return refuse('invalid-option', "one of Evidently's categorical tests", String(test));
  }
}

/** Pooled Sturges bins above 20 distinct reference values, else one cell per value. */
function binNumeric(reference: Float64Array, current: Float64Array): [number[], number[]] {
  if (new Set(reference).size > 20) {
    const pooled = new Float64Array(reference.length + current.length);
    pooled.set(reference);
    pooled.set(current, reference.length);
    const edges = histogramEdges(pooled, 'sturges');
    return [
      Array.from(histogramCounts(reference, edges), (count) => count / reference.length),
      Array.from(histogramCounts(current, edges), (count) => count / current.length),
    ];
  }
  const { referenceCounts, currentCounts } = countCategories(
    Array.from(reference, String),
    Array.from(current, String),
  );
  return [referenceCounts.map((c) => c / reference.length), currentCounts.map((c) => c / current.length)];
}

function shareDistance(test: 'psi' | 'jensenshannon' | 'kl_div', p: number[], q: number[]): number {
  const logTerm = (a: number, b: number): number => (a > 0 ? a * Math.log(a / b) : 0);
  if (test === 'jensenshannon') {
    const sum = p.reduce((total, a, k) => total + logTerm(a, (a + q[k]!) / 2) + logTerm(q[k]!, (a + q[k]!) / 2), 0);
    return Math.sqrt(Math.max(0, sum) / 2);
  }
  const [a, b] = [fillZeros(p), fillZeros(q)];
  if (test === 'psi') return a.reduce((sum, share, k) => sum + (share - b[k]!) * Math.log(share / b[k]!), 0);
  // scipy.stats.entropy renormalises both sides.
  const [sumA, sumB] = [a, b].map((shares) => shares.reduce((sum, share) => sum + share, 0)) as [number, number];
  return a.reduce((sum, share, k) => sum + logTerm(share / sumA, b[k]! / sumB), 0);
}

/** Each side on its own: 0.0001, or the smallest share / 10⁶ when that is at most 0.0001; not renormalised. */
function fillZeros(shares: number[]): number[] {
  const smallest = Math.min(...shares.filter((share) => share !== 0));
  const fill = smallest <= 0.0001 ? smallest / 1e6 : 0.0001;
  return shares.map((share) => (share === 0 ? fill : share));
}

function binnedHellinger(reference: Float64Array, current: Float64Array): number {
  const edges = histogramEdges(Float64Array.from(new Set([...reference, ...current])), 'sturges');
  const first = histogramCounts(reference, edges);
  const second = histogramCounts(current, edges);
  const binWidth = (edges[edges.length - 1]! - edges[0]!) / (edges.length - 1);
  let overlap = 0;
  for (let k = 0; k < first.length; k += 1) {
    const width = edges[k + 1]! - edges[k]!;
    overlap += Math.sqrt((first[k]! / width / reference.length) * (second[k]! / width / current.length)) * binWidth;
  }
  return Math.sqrt(1 - Math.min(1, Math.max(0, overlap)));
}

function goodnessOfFit(
  observed: number[],
  expected: number[],
  term: (observed: number, expected: number) => number,
): Score {
  if (observed.length < 2) return refuse('constant', 'at least two categories', String(observed.length));
  const statistic = observed.reduce((sum, count, k) => sum + term(count, expected[k]!), 0);
  // A category unseen in the reference is expected 0 times: the statistic is infinite and p is 0.
  return {
    ok: true,
    score: Number.isFinite(statistic) ? chiSquareSurvival(Math.max(0, statistic), observed.length - 1) : 0,
  };
}

function zTest(reference: string[], current: string[], keys: string[]): Score {
  if (keys.length === 1) return { ok: true, score: 1 };
  const first = keys[0]!;
  const a = reference.filter((value) => value !== first).length / reference.length;
  const b = current.filter((value) => value !== first).length / current.length;
  const pooled = (a * reference.length + b * current.length) / (reference.length + current.length);
  const z = (a - b) / Math.sqrt(pooled * (1 - pooled) * (1 / reference.length + 1 / current.length));
  return { ok: true, score: 2 * (1 - normalCdf(Math.abs(z))) };
}

function permuteTotalVariation(reference: string[], current: string[], random: RandomSource | undefined): Score {
  if (!random) return refuse('invalid-option', 'a random source for TVD', 'none');
  const pooled = [...reference, ...current];
  const variation = (values: string[]): number => {
    const { referenceCounts, currentCounts } = countCategories(
      values.slice(0, reference.length),
      values.slice(reference.length),
    );
    return (
      referenceCounts.reduce(
        (sum, count, k) => sum + Math.abs(count / reference.length - currentCounts[k]! / current.length),
        0,
      ) / 2
    );
  };
  const observed = variation(pooled);
  let atLeastObserved = 0;
  for (let round = 0; round < 1000; round += 1) {
    for (let i = 0; i < reference.length; i += 1) {
      const j = i + Math.floor(random() * (pooled.length - i));
      const chosen = pooled[j]!;
      pooled[j] = pooled[i]!;
      pooled[i] = chosen;
    }
    if (observed <= variation(pooled)) atLeastObserved += 1;
  }
  return { ok: true, score: atLeastObserved / 1000 };
}

function countCategories(
  reference: string[],
  current: string[],
): { keys: string[]; referenceCounts: number[]; currentCounts: number[] } {
  const counts = new Map<string, [number, number]>();
  for (const [side, values] of [reference, current].entries()) {
    for (const value of values) {
      const pair = counts.get(value) ?? [0, 0];
      pair[side as 0 | 1] += 1;
      counts.set(value, pair);
    }
  }
  const keys = [...counts.keys()].sort();
  return {
    keys,
    referenceCounts: keys.map((key) => counts.get(key)![0]),
    currentCounts: keys.map((key) => counts.get(key)![1]),
  };
}

function finite(values: ArrayLike<number | null>): Float64Array {
  return dropMissing(values ?? []).values.filter((value) => Number.isFinite(value));
}

function present(values: ArrayLike<string | null>): string[] {
  return Array.from(values ?? []).filter((value) => value !== null && value !== undefined);
}

/** Labels that sort as the numbers of both sides do, so that "the first category" is Evidently's. */
function sortableLabels(reference: Float64Array, current: Float64Array): (value: number) => string {
  const order = [...new Set([...reference, ...current])].sort((a, b) => a - b);
  const labels = new Map(order.map((value, index) => [value, String(index).padStart(12, '0')]));
  return (value) => labels.get(value)!;
}

function deviation(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}
