import type { MemberAnswer } from '../member-answer.ts';
import type { CombineMethod, TieRule } from '../settings.ts';
import { votedLabel } from './pools.ts';

/**
 * Shares and probabilities are sums of weights that add up to one; sums that are equal on paper differ by rounding
 * (0.1 + 0.2 and 0.3), so that equal means: within this.
 */
export const TIE_TOLERANCE = 1e-12;

/** The labels whose score is the largest. */
export function findTiedLabels(scores: Float64Array): number[] {
  let largest = Number.NEGATIVE_INFINITY;
  for (let label = 0; label < scores.length; label += 1) largest = Math.max(largest, scores[label] as number);
  const tied: number[] = [];
  for (let label = 0; label < scores.length; label += 1) {
    if ((scores[label] as number) >= largest - TIE_TOLERANCE) tied.push(label);
  }
  return tied;
}

/** The answered label among tied ones; undefined for none. */
export function breakTie(
  tied: readonly number[],
  rule: TieRule,
  method: CombineMethod,
  members: readonly MemberAnswer[],
  weights: Float64Array,
  bestMember: number | undefined,
): number | undefined {
  switch (rule) {
    case 'label_order':
      return tied[0];
    case 'abstain':
      return undefined;
    case 'confidence':
      return method === 'majority_vote'
        ? firstHighest(tied, (label) => meanProbability(label, members, weights))
        : firstHighest(tied, (label) => surestProbability(label, members, weights));
    case 'best_member': {
      const best = weights[bestMember as number] === 0 ? undefined : members[bestMember as number];
      if (best === undefined) return tied[0];
      const voted = votedLabel(best);
      return tied.includes(voted) ? voted : firstHighest(tied, (label) => best.probabilities?.[label] ?? 0);
    }
  }
}

function firstHighest(labels: readonly number[], scoreOf: (label: number) => number): number | undefined {
  let best = labels[0];
  let highest = Number.NEGATIVE_INFINITY;
  for (const label of labels) {
    const score = scoreOf(label);
    if (score > highest + TIE_TOLERANCE) {
      best = label;
      highest = score;
    }
  }
  return best;
}

function meanProbability(label: number, members: readonly MemberAnswer[], weights: Float64Array): number {
  let sum = 0;
  for (let member = 0; member < members.length; member += 1) {
    sum += (weights[member] as number) * (members[member]?.probabilities?.[label] ?? 0);
  }
  return sum;
}

function surestProbability(label: number, members: readonly MemberAnswer[], weights: Float64Array): number {
  let surest = 0;
  for (let member = 0; member < members.length; member += 1) {
    if ((weights[member] as number) > 0) surest = Math.max(surest, members[member]?.probabilities?.[label] ?? 0);
  }
  return surest;
}
