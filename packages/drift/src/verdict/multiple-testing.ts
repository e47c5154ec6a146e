import { type Answer, refuse } from '../refusal.ts';

export type Correction = 'benjamini-hochberg' | 'bonferroni' | 'none';

/**
 * p-values adjusted for how many were looked at: compare each with the level as if it were alone. 'benjamini-hochberg',
 * min over larger or equal p of p·n/rank, bounds the expected share of false alarms among the alarms; 'bonferroni',
 * min(1, n·p), the chance of any false alarm.
 * Assumes p-values that hold their level each by itself, and for Benjamini–Hochberg independent or positively dependent
 * tests. Refuses an empty list, anything outside [0, 1] and an unknown correction. Source: Benjamini and Hochberg
 * (1995); Bonferroni.
 */
export function adjustPValues(
  pValues: ArrayLike<number>,
  correction: Correction = 'benjamini-hochberg',
): Answer<{ adjusted: Float64Array }> {
  if (typeof pValues?.length !== 'number' || pValues.length === 0) {
    return refuse('empty-sample', 'at least one p-value', 'none');
  }
  for (let index = 0; index < pValues.length; index += 1) {
    const value = pValues[index]!;
    if (!(value >= 0 && value <= 1)) {
      return refuse('not-finite', 'p-values from 0 to 1', `${String(value)} at position ${index}`);
    }
  }
  const size = pValues.length;
  if (correction === 'none') return { ok: true, adjusted: Float64Array.from(pValues) };
  if (correction === 'bonferroni') {
    return { ok: true, adjusted: Float64Array.from(pValues, (value) => Math.min(1, value * size)) };
  }
  if (correction !== 'benjamini-hochberg') {
    return refuse('invalid-option', "'benjamini-hochberg', 'bonferroni' or 'none'", String(correction));
  }
  const order = Array.from({ length: size }, (_, index) => index).sort((a, b) => pValues[b]! - pValues[a]!);
  const adjusted = new Float64Array(size);
  let smallest = 1;
  order.forEach((index, fromLargest) => {
    const rank = size - fromLargest;
    smallest = Math.min(smallest, (pValues[index]! * size) / rank);
    adjusted[index] = smallest;
  });
  return { ok: true, adjusted };
}

/** How a false-alarm rate is divided over repeated looks at a stream of windows. */
export type SpendingPlan =
  /** The rate holds for each look by itself: among 1,000 looks expect 1,000 times the rate. */
  | { readonly kind: 'each-look' }
  /** The rate holds for the whole run of this many looks, an equal part for each. */
  | { readonly kind: 'horizon'; readonly looks: number }
  /** The rate holds however long one looks; look t gets 6/(π² t²) of it, so early looks are the sharpest. */
  | { readonly kind: 'unlimited' };

/**
 * The level at which look number `look` (from 1) has to be judged so that the chance of any false alarm keeps to the
 * plan: the rate, rate/looks or rate·6/(π² look²), see `SpendingPlan`. By the union bound, so overlapping and growing
 * windows are allowed.
 * Assumes that every look by itself holds its level. Refuses a rate outside (0, 1), a look that is no whole number from
 * 1 on or lies past the horizon, and an unknown plan. Source: Bonferroni; Σ 1/t² = π²/6 shares the rate out over looks
 * without end.
 */
export function levelForLook(falseAlarmRate: number, plan: SpendingPlan, look: number): Answer<{ level: number }> {
  if (!(falseAlarmRate > 0 && falseAlarmRate < 1)) {
    return refuse('invalid-option', 'a false-alarm rate between 0 and 1', String(falseAlarmRate));
  }
  if (!(Number.isInteger(look) && look >= 1)) return refuse('invalid-option', 'a look from 1 on', String(look));
  switch (plan?.kind) {
    case 'each-look':
      return { ok: true, level: falseAlarmRate };
    case 'horizon':
      if (!(Number.isInteger(plan.looks) && plan.looks >= 1 && look <= plan.looks)) {
        return refuse('invalid-option', 'a look within the horizon', `look ${look} of ${plan.looks}`);
      }
      return { ok: true, level: falseAlarmRate / plan.looks };
    case 'unlimited':
      return { ok: true, level: (falseAlarmRate * 6) / (Math.PI ** 2 * look ** 2) };
    default:
      return refuse(
        'invalid-option',
        "a plan 'each-look', 'horizon' or 'unlimited'",
        String((plan as SpendingPlan | undefined)?.kind),
      );
  }
}
