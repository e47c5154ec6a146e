import { confidenceOf } from './combine/confidence.ts';
import { averageProbabilities, poolLogarithms, voteShares } from './combine/pools.ts';
import { breakTie, findTiedLabels } from './combine/ties.ts';
import { findAnswerProblem, type MemberAnswer } from './member-answer.ts';
import { type Failure, failure, type Result } from './result.ts';
import { type CombineSettings, findSettingsProblem } from './settings.ts';

interface Combined {
  /** Some labels were equally good before the tie rule; never for regression. */
  readonly tie: boolean;
  /** Indices of the members that the answer is made of. */
  readonly usedMembers: readonly number[];
  /** What each member counted for: sums to one, 0 for those not used. By `confidence`, after the row's confidence. */
  readonly weights: Float64Array;
}

export interface CombinedClasses extends Combined {
  /** Undefined only for a tie whose rule is to abstain. */
  readonly labelIndex: number | undefined;
  /** One per class. They sum to one as far as those of the members do, which are averaged as they are. */
  readonly probabilities: Float64Array;
}

export interface CombinedValue extends Combined {
  readonly tie: false;
  readonly value: number;
}

type ClassificationSettings = CombineSettings & { readonly task: { readonly kind: 'classification' } };
type RegressionSettings = CombineSettings & { readonly task: { readonly kind: 'regression' } };

/**
 * One answer from the answers of an ensemble's members to one row. Weights are taken over the members that answered.
 * Members in another order give the same answer (up to rounding, 1e-15).
 *
 * With weights w scaled to sum 1 and probabilities p of member m: Σ w·p (`weighted_average`, `soft_vote`), the sum of w
 * of those that chose the label (`majority_vote`), Σ w·c·p / Σ w·c with the member's confidence c in the row, plain w
 * where every c is 0 (`confidence`), Π p^w scaled to sum 1 (`log_pool`). Regression: Σ w·value, by `confidence` with
 * w / variance. Assumes that probabilities mean what they say (see `fitCalibrator`), and for inverse variances that the
 * members' errors are unbiased and independent.
 *
 * Fails when fewer members than `minimumMembers` answered with positive weight, on an answer that the method cannot use
 * (see `findAnswerProblem`), on weights that are all zero, on settings that fit no row (see `findSettingsProblem`),
 * and by `log_pool` when every class is ruled out by some member.
 *
 * Equal to scikit-learn's `VotingClassifier` (`majority_vote` is its hard, `soft_vote` its soft voting; ties by
 * `label_order`) and `VotingRegressor` within 1e-9. One difference: sums of weights that are equal on paper and differ
 * by rounding are a tie here. Log pool: Genest and Zidek 1986; inverse-variance weights: Bates and Granger 1969.
 */
export function combine(settings: ClassificationSettings, members: readonly MemberAnswer[]): Result<CombinedClasses>;
export function combine(settings: RegressionSettings, members: readonly MemberAnswer[]): Result<CombinedValue>;
export function combine(
  settings: CombineSettings,
  members: readonly MemberAnswer[],
): Result<CombinedClasses | CombinedValue>;
export function combine(
  settings: CombineSettings,
  members: readonly MemberAnswer[],
): Result<CombinedClasses | CombinedValue> {
  if (members.length === 0) return failure('empty', 'the answers of at least one member');
  const problem = findSettingsProblem(settings, members.length);
  if (problem) return problem;
  const weights = new Float64Array(members.length);
  const usedMembers: number[] = [];
  const weighed = weigh(settings, members, weights, usedMembers);
  if (weighed) return weighed;
  const { task } = settings;
  if (task.kind === 'classification') return combineClasses(settings, task.classes, members, weights, usedMembers);
  let value = 0;
  for (const member of usedMembers) value += (weights[member] as number) * (members[member]?.value as number);
  return Number.isFinite(value)
    ? { ok: true, value, tie: false, usedMembers, weights }
    : failure('not-finite', 'values whose weighted mean is within the range of numbers');
}

/** Fills in what each member counts for in this row, or says why none does. */
function weigh(
  settings: CombineSettings,
  members: readonly MemberAnswer[],
  weights: Float64Array,
  usedMembers: number[],
): Failure | undefined {
  const { task, method, minimumMembers = 1, confidence = 'entropy' } = settings;
  let answered = 0;
  let plain = 0;
  for (let index = 0; index < members.length; index += 1) {
    const member = members[index] as MemberAnswer;
    const problem = findAnswerProblem(task, method, member);
    if (problem) return problem;
    if (member.missing) continue;
    answered += 1;
    if (member.weight === 0) continue;
    usedMembers.push(index);
    weights[index] = member.weight;
    plain += member.weight;
  }
  if (answered > 0 && usedMembers.length === 0)
    return failure('zero-weights', 'at least one member with a positive weight among those that answered');
  if (usedMembers.length < minimumMembers)
    return failure('too-few-members', `answers of at least ${minimumMembers} members; there are ${usedMembers.length}`);
  if (!Number.isFinite(plain)) return failure('invalid-argument', 'weights whose sum is within the range of numbers');
  for (const index of usedMembers) weights[index] = (weights[index] as number) / plain;
  if (method !== 'confidence') return undefined;
  let smallestVariance = Number.POSITIVE_INFINITY;
  for (const index of usedMembers) {
    smallestVariance = Math.min(smallestVariance, members[index]?.variance ?? Number.POSITIVE_INFINITY);
  }
  let total = 0;
  const factors = usedMembers.map((index) => {
    const member = members[index] as MemberAnswer;
    const factor =
      task.kind === 'regression'
        ? // Relative to the smallest, so that no inverse overflows.
          smallestVariance / (member.variance as number)
        : confidenceOf(member.probabilities as ArrayLike<number>, confidence);
    total += factor * (weights[index] as number);
    return factor;
  });
  // Nobody is sure of anything: every member says that all classes are equally likely, so plain weights say the same.
  if (total === 0) return undefined;
  usedMembers.forEach((index, at) => {
    weights[index] = ((weights[index] as number) * (factors[at] as number)) / total;
  });
  return undefined;
}

function combineClasses(
  settings: CombineSettings,
  classes: number,
  members: readonly MemberAnswer[],
  weights: Float64Array,
  usedMembers: readonly number[],
): Result<CombinedClasses> {
  const { method, ties = 'label_order', bestMember } = settings;
  const probabilities =
    method === 'majority_vote'
      ? voteShares(members, weights, classes)
      : method === 'log_pool'
        ? poolLogarithms(members, weights, classes)
        : averageProbabilities(members, weights, classes);
  if (probabilities === undefined)
    return failure(
      'no-common-class',
      'a class that no member holds impossible; log_pool takes such a certainty as final',
    );
  const tied = findTiedLabels(probabilities);
  const tie = tied.length > 1;
  const labelIndex = tie ? breakTie(tied, ties, method, members, weights, bestMember) : tied[0];
  return { ok: true, labelIndex, probabilities, tie, usedMembers, weights };
}
