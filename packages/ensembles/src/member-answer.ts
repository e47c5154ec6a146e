import { type Failure, failure } from './result.ts';
import type { CombineMethod, EnsembleTask } from './settings.ts';

/** What one member answered for one row. */
export interface MemberAnswer {
  /** Finite, at least 0, in any unit: weights are divided by the sum over the members that answered. */
  readonly weight: number;
  /** Set when the member gave no answer: too late, failed, open circuit. */
  readonly missing?: true | undefined;
  /** Classification: one per class, in the order of the labels that the whole ensemble shares. */
  readonly probabilities?: ArrayLike<number> | undefined;
  /** Classification: index of the label it chose; where not given, that of the largest probability (the first). */
  readonly labelIndex?: number | undefined;
  /** Regression. */
  readonly value?: number | undefined;
  /** Regression by `confidence`: variance of the member's error, in the square of the value's unit. */
  readonly variance?: number | undefined;
}

// Wide enough for models that answer in 16-bit floats, narrow enough to catch scores that are no probabilities.
const SUM_TOLERANCE = 0.01;
const RANGE_TOLERANCE = 1e-6;

/**
 * Why this member's answer cannot be used, undefined when it can. A caller that would rather go on without a member
 * that answers garbage asks this first and marks it as missing; `combine` itself refuses the row.
 *
 * A weight must be finite and at least 0; of a member that is missing nothing else is looked at. Classification takes a
 * probability per class, each in [0, 1] within 1e-6 and summing to 1 within 0.01, and `majority_vote` a label alone as
 * well; a label is an index below the number of classes. Regression takes a finite value, by `confidence` with a
 * positive finite variance. Source: the definition of `MemberAnswer`; the tolerances are chosen here, for models that
 * answer in 16-bit floats.
 */
export function findAnswerProblem(
  task: EnsembleTask,
  method: CombineMethod | 'stacking',
  answer: MemberAnswer,
): Failure | undefined {
  if (!(answer.weight >= 0 && Number.isFinite(answer.weight)))
    return failure('invalid-argument', 'the weight of a member must be a finite number of at least 0');
  if (answer.missing) return undefined;
  if (task.kind === 'regression') return findValueProblem(method, answer);
  if (answer.probabilities === undefined) return findLabelProblem(task.classes, method, answer);
  return (
    findProbabilityProblem(answer.probabilities, task.classes) ?? findIndexProblem(answer.labelIndex, task.classes)
  );
}

function findValueProblem(method: CombineMethod | 'stacking', { value, variance }: MemberAnswer): Failure | undefined {
  if (value === undefined) return failure('no-value', 'a value of every member that is not missing');
  if (!Number.isFinite(value)) return failure('not-finite', 'a finite value of every member');
  if (method !== 'confidence') return undefined;
  if (variance === undefined) return failure('no-variance', 'the error variance of every member');
  return variance > 0 && Number.isFinite(variance)
    ? undefined
    : failure('invalid-argument', 'error variances must be positive and finite');
}

function findLabelProblem(
  classes: number,
  method: CombineMethod | 'stacking',
  { labelIndex }: MemberAnswer,
): Failure | undefined {
  if (method !== 'majority_vote')
    return failure(
      'no-probabilities',
      `${method} needs the probabilities of every member; labels are enough for majority_vote`,
    );
  if (labelIndex === undefined) return failure('no-label', 'a label or probabilities of every member');
  return findIndexProblem(labelIndex, classes);
}

function findIndexProblem(labelIndex: number | undefined, classes: number): Failure | undefined {
  if (labelIndex === undefined) return undefined;
  return Number.isInteger(labelIndex) && labelIndex >= 0 && labelIndex < classes
    ? undefined
    : failure('invalid-label', `the index of a label must be a whole number from 0 to ${classes - 1}`);
}

export function findProbabilityProblem(probabilities: ArrayLike<number>, classes: number): Failure | undefined {
  if (probabilities.length !== classes)
    return failure(
      'length-mismatch',
      `one probability for each of the ${classes} classes; there are ${probabilities.length}`,
    );
  let sum = 0;
  for (let index = 0; index < classes; index += 1) {
    const one = probabilities[index] as number;
    if (!Number.isFinite(one)) return failure('not-finite', 'finite probabilities of every member');
    if (one < -RANGE_TOLERANCE || one > 1 + RANGE_TOLERANCE)
      return failure('not-a-probability', 'probabilities between 0 and 1 of every member');
    sum += one;
  }
  return Math.abs(sum - 1) <= SUM_TOLERANCE
    ? undefined
    : failure('not-a-probability', `probabilities that sum to 1 for every member; one sums to ${sum}`);
}

/** Index of the first largest entry. */
export function indexOfLargest(values: ArrayLike<number>): number {
  let best = 0;
  for (let index = 1; index < values.length; index += 1) {
    if ((values[index] as number) > (values[best] as number)) best = index;
  }
  return best;
}
