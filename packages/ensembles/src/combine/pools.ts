import { indexOfLargest, type MemberAnswer } from '../member-answer.ts';

/** Each function adds up the members of positive weight; `weights` sum to one, missing members have none. */
export function averageProbabilities(
  members: readonly MemberAnswer[],
  weights: Float64Array,
  classes: number,
): Float64Array {
  const mean = new Float64Array(classes);
  for (let member = 0; member < members.length; member += 1) {
    const weight = weights[member] as number;
    if (weight === 0) continue;
    const probabilities = members[member]?.probabilities as ArrayLike<number>;
    for (let label = 0; label < classes; label += 1) {
      mean[label] = (mean[label] as number) + weight * (probabilities[label] as number);
    }
  }
  return mean;
}

export function voteShares(members: readonly MemberAnswer[], weights: Float64Array, classes: number): Float64Array {
  const shares = new Float64Array(classes);
  for (let member = 0; member < members.length; member += 1) {
    const weight = weights[member] as number;
    if (weight === 0) continue;
    const label = votedLabel(members[member] as MemberAnswer);
    shares[label] = (shares[label] as number) + weight;
  }
  return shares;
}

export function votedLabel(member: MemberAnswer): number {
  return member.labelIndex ?? indexOfLargest(member.probabilities as ArrayLike<number>);
}

/**
 * p_k ∝ Π p_mk^w_m: one member that is certain a class is impossible rules it out.
 * Undefined when together they rule out every class.
 */
export function poolLogarithms(
  members: readonly MemberAnswer[],
  weights: Float64Array,
  classes: number,
): Float64Array | undefined {
  const pooled = new Float64Array(classes);
  let largest = Number.NEGATIVE_INFINITY;
  for (let label = 0; label < classes; label += 1) {
    let sum = 0;
    for (let member = 0; member < members.length; member += 1) {
      const weight = weights[member] as number;
      if (weight === 0) continue;
      sum += weight * Math.log(Math.max(0, members[member]?.probabilities?.[label] as number));
    }
    pooled[label] = sum;
    if (sum > largest) largest = sum;
  }
  if (largest === Number.NEGATIVE_INFINITY) return undefined;
  let total = 0;
  for (let label = 0; label < classes; label += 1) {
    const share = Math.exp((pooled[label] as number) - largest);
    pooled[label] = share;
    total += share;
  }
  for (let label = 0; label < classes; label += 1) pooled[label] = (pooled[label] as number) / total;
  return pooled;
}
