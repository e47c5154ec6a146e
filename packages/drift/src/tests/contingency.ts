// Tests on a table of counts with two rows (reference, current) and one column per category or bin.
import { chiSquareSurvival, hypergeometricProbability } from '@switchyard/special-functions';
import { type Answer, type Refusal, refuse } from '../refusal.ts';
import { checkCounts, type TestResult } from './comparison.ts';

export interface ContingencyResult extends TestResult {
  readonly degreesOfFreedom: number;
  /** Smallest expected count of any cell; the asymptotic p-value is trustworthy from about 5. */
  readonly smallestExpected: number;
}

export interface ContingencyOptions {
  /** Yates' correction, which SciPy applies when there are exactly two categories. Default true; conservative. */
  readonly continuityCorrection?: boolean;
}

/**
 * Chi-square test of homogeneity: do both rows of counts come from one distribution over the categories?
 * X² = Σ (observed - expected)²/expected over both rows, expected from the margins; degrees of freedom K - 1 of K
 * categories. Categories that occur on neither side are left out. Unlike a goodness-of-fit test it does not treat the
 * reference as known without error.
 * Assumes independent rows and about five expected rows per cell (`smallestExpected`). Refuses lists of different
 * length, counts that are not whole, fewer than 2 rows a side, and fewer than 2 categories that occur. Source: Pearson
 * (1900); Yates (1934) for the correction; equals SciPy's `chi2_contingency`.
 */
export function chiSquareHomogeneity(
  reference: ArrayLike<number>,
  current: ArrayLike<number>,
  options: ContingencyOptions = {},
): Answer<ContingencyResult> {
  return powerDivergence(reference, current, options, (observed, expected) => (observed - expected) ** 2 / expected);
}

/**
 * G test (likelihood ratio) of homogeneity: 2 Σ observed ln(observed/expected). Same question and degrees of freedom as
 * the chi-square test; less accurate in sparse tables.
 * Assumes and refuses what the chi-square test does. Source: Wilks (1938); equals SciPy's `chi2_contingency` with
 * `log-likelihood`.
 */
export function gTest(
  reference: ArrayLike<number>,
  current: ArrayLike<number>,
  options: ContingencyOptions = {},
): Answer<ContingencyResult> {
  return powerDivergence(reference, current, options, (observed, expected) =>
    observed > 0 ? 2 * observed * Math.log(observed / expected) : 0,
  );
}

function powerDivergence(
  reference: ArrayLike<number>,
  current: ArrayLike<number>,
  options: ContingencyOptions,
  contribution: (observed: number, expected: number) => number,
): Answer<ContingencyResult> {
  const checked = checkCounts(reference, current, 2);
  if (!checked.ok) return checked;
  const { referenceSize, currentSize } = checked;
  const total = referenceSize + currentSize;
  const occupied: number[] = [];
  for (let k = 0; k < reference.length; k += 1) if (reference[k]! + current[k]! > 0) occupied.push(k);
  if (occupied.length < 2) return refuse('constant', 'at least two categories that occur', `${occupied.length}`);
  const degreesOfFreedom = occupied.length - 1;
  const corrects = (options.continuityCorrection ?? true) && degreesOfFreedom === 1;
  let statistic = 0;
  let smallestExpected = Number.POSITIVE_INFINITY;
  for (const k of occupied) {
    const column = reference[k]! + current[k]!;
    for (const [row, size] of [
      [reference[k]!, referenceSize],
      [current[k]!, currentSize],
    ] as const) {
      const expected = (column * size) / total;
      const gap = expected - row;
      const observed = corrects ? row + Math.sign(gap) * Math.min(0.5, Math.abs(gap)) : row;
      statistic += contribution(observed, expected);
      smallestExpected = Math.min(smallestExpected, expected);
    }
  }
  statistic = Math.max(0, statistic);
  return {
    ok: true,
    statistic,
    pValue: chiSquareSurvival(statistic, degreesOfFreedom),
    method: 'asymptotic',
    referenceSize,
    currentSize,
    degreesOfFreedom,
    smallestExpected,
  };
}

/**
 * Fisher's exact test of a 2×2 table, two-sided: is the share of "yes" rows the same on both sides? p sums the
 * hypergeometric probabilities that are not larger than the observed one. `oddsRatio` is that of the sample, (reference
 * yes · current no) / (reference no · current yes), and null when the divisor is 0.
 * Assumes independent rows; exact at every size. Refuses counts that are not whole, fewer than 2 rows a side, and one
 * outcome only. Source: Fisher (1935); equals SciPy's `fisher_exact`.
 */
export function fisherExact(
  reference: { readonly yes: number; readonly no: number },
  current: { readonly yes: number; readonly no: number },
): Answer<{ oddsRatio: number | null; pValue: number; method: 'exact'; referenceSize: number; currentSize: number }> {
  const checked = checkTwoByTwo(reference, current);
  if (!checked.ok) return checked;
  const { total, marked, draws, observed } = checked;
  const lowest = Math.max(0, draws - (total - marked));
  const highest = Math.min(draws, marked);
  const weight = (k: number): number => hypergeometricProbability(k, total, marked, draws);
  const limit = weight(observed) * (1 + 1e-12);
  const mode = Math.min(highest, Math.max(lowest, Math.floor(((draws + 1) * (marked + 1)) / (total + 2))));
  // Walk inwards from both ends by the ratio of neighbouring probabilities until they pass the observed one.
  const odds = (k: number): number => ((marked - k) * (draws - k)) / ((k + 1) * (total - marked - draws + k + 1));
  const pValue = sumTail(weight, odds, lowest, mode, highest, limit, observed);
  const off = reference.no * current.yes;
  return {
    ok: true,
    oddsRatio: off > 0 ? (reference.yes * current.no) / off : null,
    pValue: Math.min(1, pValue),
    method: 'exact',
    referenceSize: reference.yes + reference.no,
    currentSize: current.yes + current.no,
  };
}

/** Sum of the probabilities ≤ limit on both sides of the mode. */
function sumTail(
  weight: (k: number) => number,
  odds: (k: number) => number,
  lowest: number,
  mode: number,
  highest: number,
  limit: number,
  observed: number,
): number {
  // Left of the mode the probabilities rise, right of it they fall: find the last one small enough on each side.
  const lastOnLeft = observed <= mode ? observed : bisect(lowest - 1, mode, (k) => weight(k) <= limit);
  const firstOnRight =
    observed >= mode ? Math.max(observed, lastOnLeft + 1) : bisect(highest + 1, mode, (k) => weight(k) <= limit);
  let sum = 0;
  if (lastOnLeft >= lowest) {
    let term = weight(lastOnLeft);
    for (let k = lastOnLeft; k >= lowest && term > 0; k -= 1) {
      sum += term;
      if (term < sum * 1e-18) break;
      term = k > lowest ? term / odds(k - 1) : 0;
    }
  }
  if (firstOnRight <= highest) {
    let term = weight(firstOnRight);
    let side = 0;
    for (let k = firstOnRight; k <= highest && term > 0; k += 1) {
      side += term;
      if (term < side * 1e-18) break;
      term *= odds(k);
    }
    sum += side;
  }
  return sum;
}

/** The whole number nearest `inside` (coming from `outside`) that still satisfies the test; `outside` when none does. */
function bisect(outside: number, inside: number, satisfies: (k: number) => boolean): number {
  let good = outside;
  let bad = inside;
  while (Math.abs(bad - good) > 1) {
    const middle = good + Math.trunc((bad - good) / 2);
    if (satisfies(middle)) good = middle;
    else bad = middle;
  }
  return satisfies(bad) ? bad : good;
}

function checkTwoByTwo(
  reference: { readonly yes: number; readonly no: number },
  current: { readonly yes: number; readonly no: number },
): Refusal | { ok: true; total: number; marked: number; draws: number; observed: number } {
  const checked = checkCounts([reference?.yes, reference?.no], [current?.yes, current?.no], 2);
  if (!checked.ok) return checked;
  const marked = reference.yes + current.yes;
  const total = checked.referenceSize + checked.currentSize;
  if (marked === 0 || marked === total) return refuse('constant', 'both outcomes to occur', 'one outcome only');
  return { ok: true, total, marked, draws: checked.referenceSize, observed: reference.yes };
}
