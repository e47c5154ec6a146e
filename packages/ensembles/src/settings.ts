import { type Failure, failure } from './result.ts';

/** What the members answer: one of `classes` classes, numbered in the order of the labels, or a number. */
export type EnsembleTask =
  | { readonly kind: 'classification'; readonly classes: number }
  | { readonly kind: 'regression' };

/**
 * - `weighted_average`: classification: weighted mean of the probabilities; regression: weighted mean of the values
 * - `soft_vote`: classification only, the same numbers under the name scikit-learn gives them
 * - `majority_vote`: each member votes for its label; the probabilities are the shares of the weighted votes
 * - `confidence`: as `weighted_average` with each weight times the member's confidence in this row; regression: divided
 *   by the member's error variance
 * - `log_pool`: weighted geometric mean of the probabilities
 */
export type CombineMethod = 'weighted_average' | 'soft_vote' | 'majority_vote' | 'confidence' | 'log_pool';

/**
 * Which of the tied labels is answered:
 * - `label_order`: the first in the order of the labels, as scikit-learn
 * - `confidence`: a tie of votes goes to the label with the highest weighted mean probability; a tie of probabilities
 *   to the label that any one member is most sure of
 * - `best_member`: the one that member `bestMember` prefers
 * - `abstain`: none; the answer says that it is a tie
 *
 * What a rule cannot separate (members without probabilities, best member missing) goes by label order.
 */
export type TieRule = 'label_order' | 'confidence' | 'best_member' | 'abstain';

/** How sure a member is of a row: 1 − H(p) / ln K, or the largest probability. */
export type ConfidenceMeasure = 'entropy' | 'largest_probability';

export interface CombineSettings {
  readonly method: CombineMethod;
  readonly task: EnsembleTask;
  /** `label_order` unless given. */
  readonly ties?: TieRule | undefined;
  /** Index of the member that decides ties by `best_member`. */
  readonly bestMember?: number | undefined;
  /** Members of positive weight that must have answered; 1 unless given. */
  readonly minimumMembers?: number | undefined;
  /** For `confidence`; `entropy` unless given. */
  readonly confidence?: ConfidenceMeasure | undefined;
}

const METHODS: readonly CombineMethod[] = ['weighted_average', 'soft_vote', 'majority_vote', 'confidence', 'log_pool'];
const TIE_RULES: readonly TieRule[] = ['label_order', 'confidence', 'best_member', 'abstain'];

/**
 * Could any row be combined with these settings by this many members? Undefined when one could, otherwise the reason:
 * an unknown task, method, tie rule or confidence; fewer than two classes; a method for classification asked of a
 * regression; ties by a best member that is none; a `minimumMembers` that is no whole number of at least 1.
 * Looks at no answers (see `findAnswerProblem`). Source: the definition of `CombineSettings`.
 */
export function findSettingsProblem(settings: CombineSettings, memberCount: number): Failure | undefined {
  const { method, ties, bestMember, minimumMembers, confidence } = settings;
  const taskProblem = findTaskProblem(settings.task);
  if (taskProblem) return taskProblem;
  if (!METHODS.includes(method)) return failure('invalid-argument', `method must be one of ${METHODS.join(', ')}`);
  if (settings.task.kind === 'regression' && method !== 'weighted_average' && method !== 'confidence')
    return failure('not-applicable', `weighted_average or confidence; ${method} is for classification`);
  if (ties !== undefined && !TIE_RULES.includes(ties))
    return failure('invalid-argument', `ties must be one of ${TIE_RULES.join(', ')}`);
  if (ties === 'best_member' && !isIndex(bestMember, memberCount))
    return failure('invalid-argument', 'bestMember must be the index of a member when it decides ties');
  if (minimumMembers !== undefined && !(Number.isInteger(minimumMembers) && minimumMembers >= 1))
    return failure('invalid-argument', 'minimumMembers must be a whole number of at least 1');
  if (confidence !== undefined && confidence !== 'entropy' && confidence !== 'largest_probability')
    return failure('invalid-argument', 'confidence must be entropy or largest_probability');
  return undefined;
}

export function findTaskProblem(task: EnsembleTask): Failure | undefined {
  if (task.kind === 'regression') return undefined;
  if (task.kind !== 'classification')
    return failure('invalid-argument', 'task.kind must be classification or regression');
  return Number.isInteger(task.classes) && task.classes >= 2
    ? undefined
    : failure('invalid-argument', 'task.classes must be a whole number of at least 2');
}

function isIndex(value: number | undefined, count: number): boolean {
  return value !== undefined && Number.isInteger(value) && value >= 0 && value < count;
}
