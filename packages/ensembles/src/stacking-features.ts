import { findAnswerProblem, type MemberAnswer } from './member-answer.ts';
import { failure, type Result } from './result.ts';
import { type EnsembleTask, findTaskProblem } from './settings.ts';

/**
 * How many columns does the meta-model take? One per member for two classes and for regression, else one per member and
 * class. Fails on an unknown task, fewer than two classes, and without members. Source: as `stackingFeatures`.
 */
export function stackingWidth(task: EnsembleTask, memberCount: number): Result<{ readonly value: number }> {
  const problem = findTaskProblem(task);
  if (problem) return problem;
  if (!(Number.isInteger(memberCount) && memberCount >= 1)) return failure('empty', 'at least one member');
  return { ok: true, value: memberCount * columnsPerMember(task) };
}

/**
 * The row a stacking meta-model is asked, from the answers of the members in their configured order: two classes → the
 * probability of the second class of each member; more → all probabilities of each member, one member after the other;
 * regression → the value of each member. Weights are not looked at.
 *
 * A meta-model cannot do without a column: a missing member fails the row, unless `fill` (a full row; the columns'
 * means over the rows it was fitted on) says what stands in for it. `filledMembers` says whose columns were filled.
 * Assumes members in the order that the meta-model was fitted with. Fails as well on an answer that cannot be used (see
 * `findAnswerProblem`), on a `fill` of another length or not finite where it is needed, and when no member answered.
 * Source: scikit-learn `StackingClassifier` (stack_method 'predict_proba'), `StackingRegressor`.
 */
export function stackingFeatures(
  task: EnsembleTask,
  members: readonly MemberAnswer[],
  fill?: ArrayLike<number>,
): Result<{ readonly features: Float64Array; readonly filledMembers: readonly number[] }> {
  const width = stackingWidth(task, members.length);
  if (!width.ok) return width;
  if (fill !== undefined && fill.length !== width.value)
    return failure('length-mismatch', `fill must have ${width.value} entries; it has ${fill.length}`);
  const features = new Float64Array(width.value);
  const filledMembers: number[] = [];
  const columns = columnsPerMember(task);
  for (let index = 0; index < members.length; index += 1) {
    const member = members[index] as MemberAnswer;
    const problem = findAnswerProblem(task, 'stacking', member);
    if (problem) return problem;
    if (member.missing) filledMembers.push(index);
    for (let column = 0; column < columns; column += 1) {
      const at = index * columns + column;
      const value = member.missing ? fill?.[at] : columnOf(task, member, column);
      if (value === undefined)
        return failure('missing-member', `the answer of every member; member ${index} gave none`);
      if (!Number.isFinite(value)) return failure('not-finite', `a finite number in fill[${at}]`);
      features[at] = value;
    }
  }
  return filledMembers.length === members.length
    ? failure('all-missing', 'the answer of at least one member')
    : { ok: true, features, filledMembers };
}

function columnsPerMember(task: EnsembleTask): number {
  return task.kind === 'classification' && task.classes > 2 ? task.classes : 1;
}

function columnOf(task: EnsembleTask, member: MemberAnswer, column: number): number | undefined {
  if (task.kind === 'regression') return member.value;
  return member.probabilities?.[task.classes === 2 ? 1 : column];
}
