import { checkOpenUnit } from './internal/check.ts';
import { type Failure, failure, type Result } from './result.ts';

export type CorrectionMethod = 'bonferroni' | 'holm' | 'hochberg' | 'benjamini-hochberg' | 'benjamini-yekutieli';

export interface CorrectedTests {
  /** Adjusted p-values in the order given; a test is rejected exactly when its adjusted value is ≤ alpha. */
  readonly adjusted: readonly number[];
  readonly rejected: readonly boolean[];
}

/**
 * Which of several tests still hold when they are judged together? `bonferroni`, `holm` and `hochberg` bound the chance of
 * any false claim, `benjamini-hochberg` and `benjamini-yekutieli` the expected share of false claims among those made.
 *
 * Formulas (p sorted ascending, rank i of m): Bonferroni m·p; Holm running maximum of (m−i+1)p; Hochberg running minimum
 * from the top of (m−i+1)p; BH running minimum from the top of m·p/i; BY that times Σ1/j. All capped at 1.
 * Assumptions: none for Bonferroni, Holm and BY; independence or positive dependence for Hochberg and BH.
 * Advice used elsewhere here: Holm for goals, BH for secondary metrics, no correction for guardrails. Anytime p-values may
 * be corrected at any moment. Domain: p-values in [0, 1]; fails on none, and on any outside or NaN.
 * Sources: Holm 1979; Hochberg 1988; Benjamini and Hochberg 1995; Benjamini and Yekutieli 2001. Equal to statsmodels
 * `multipletests`.
 */
export function correctPValues(
  pValues: readonly number[],
  options: { readonly method: CorrectionMethod; readonly alpha?: number },
): Result<CorrectedTests> {
  const { method, alpha = 0.05 } = options;
  const problem = checkPValues(pValues) ?? checkOpenUnit('alpha', alpha);
  if (problem) return problem;
  const count = pValues.length;
  const order = pValues.map((_, index) => index).sort((a, b) => (pValues[a] as number) - (pValues[b] as number));
  const factor = correctionFactor(method, count);
  if (!factor) return failure('invalid-argument', 'a known correction method');
  const adjusted = new Array<number>(count).fill(1);
  const steps = order.map((index, rank) => factor(rank + 1) * (pValues[index] as number));
  if (method === 'holm') {
    for (let rank = 1; rank < count; rank += 1) {
      steps[rank] = Math.max(steps[rank] as number, steps[rank - 1] as number);
    }
  } else if (method !== 'bonferroni') {
    for (let rank = count - 2; rank >= 0; rank -= 1) {
      steps[rank] = Math.min(steps[rank] as number, steps[rank + 1] as number);
    }
  }
  order.forEach((index, rank) => {
    adjusted[index] = Math.min(1, steps[rank] as number);
  });
  return { ok: true, adjusted, rejected: adjusted.map((p) => p <= alpha) };
}

/**
 * Which of several e-values hold at a false-discovery rate of alpha, whatever their dependence (e-BH)?
 *
 * Formula: rejects the k largest, k the last rank with the k-th largest e ≥ m/(k·alpha). For e-processes read at any,
 * even data-chosen, time. Assumes each is an e-value under its own null (mean at most 1).
 * Domain: natural logarithms of e-values (−∞ allowed), alpha in (0, 1); fails on none (`empty`) and on NaN
 * (`not-finite`).
 * Source: Wang and Ramdas, JRSS-B 84 (2022).
 */
export function rejectEValues(
  logEValues: readonly number[],
  options: { readonly alpha?: number } = {},
): Result<{ readonly rejected: readonly boolean[] }> {
  const { alpha = 0.05 } = options;
  if (logEValues.length === 0) return failure('empty', 'at least one e-value');
  if (logEValues.some((value) => typeof value !== 'number' || Number.isNaN(value)))
    return failure('not-finite', 'e-values that are not NaN');
  const problem = checkOpenUnit('alpha', alpha);
  if (problem) return problem;
  const count = logEValues.length;
  const order = logEValues.map((_, i) => i).sort((a, b) => (logEValues[b] as number) - (logEValues[a] as number));
  let accepted = 0;
  order.forEach((index, rank) => {
    if ((logEValues[index] as number) >= Math.log(count / ((rank + 1) * alpha))) accepted = rank + 1;
  });
  const rejected = new Array<boolean>(count).fill(false);
  for (const index of order.slice(0, accepted)) rejected[index] = true;
  return { ok: true, rejected };
}

function correctionFactor(method: CorrectionMethod, count: number): ((rank: number) => number) | undefined {
  switch (method) {
    case 'bonferroni':
      return () => count;
    case 'holm':
    case 'hochberg':
      return (rank) => count - rank + 1;
    case 'benjamini-hochberg':
      return (rank) => count / rank;
    case 'benjamini-yekutieli': {
      let harmonic = 0;
      for (let rank = 1; rank <= count; rank += 1) harmonic += 1 / rank;
      return (rank) => (count * harmonic) / rank;
    }
    default:
      return undefined;
  }
}

function checkPValues(pValues: readonly number[]): Failure | undefined {
  if (pValues.length === 0) return failure('empty', 'at least one p-value');
  if (pValues.some((p) => Number.isNaN(p))) return failure('not-finite', 'p-values that are not NaN');
  if (pValues.some((p) => !(p >= 0 && p <= 1))) return failure('invalid-argument', 'p-values in [0, 1]');
  return undefined;
}
