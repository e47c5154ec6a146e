import { combine } from '../combine.ts';
import { applyCalibrator, type Calibrator } from '../learn/calibrate.ts';
import type { CompleteLog } from '../learn/rows.ts';
import { applyStack, type StackModel } from '../learn/stack-model.ts';
import type { MemberAnswer } from '../member-answer.ts';
import { type Failure, failure, type Result } from '../result.ts';
import { type CombineSettings, findSettingsProblem } from '../settings.ts';
import { stackingFeatures } from '../stacking-features.ts';

/** One way to answer from the logged members. */
export type Configuration =
  | (Shared & { readonly kind: 'member'; readonly member: number })
  | (Shared & {
      readonly kind: 'combine';
      readonly settings: Omit<CombineSettings, 'task'>;
      /** One per member of the log; 0 leaves a member out. */
      readonly weights: ArrayLike<number>;
      /** Error variances of the members, for regression by `confidence`. */
      readonly variances?: ArrayLike<number>;
    })
  | (Shared & { readonly kind: 'stacking'; readonly model: StackModel });

interface Shared {
  /** Classification: applied to each member's probabilities before anything else; null leaves one as it is. */
  readonly calibrators?: readonly (Calibrator | null)[];
  /** Classification: applied to the final probabilities; those of a mean of calibrated members are too cautious. */
  readonly afterwards?: Calibrator;
}

/** The members of the log that it asks, and why it fits no row of this log. */
export function neededMembers(
  configuration: Configuration,
  log: Pick<CompleteLog, 'task'>,
  memberCount: number,
): Result<{ readonly needed: readonly number[] }> {
  const problem = findConfigurationProblem(configuration, log, memberCount);
  if (problem) return problem;
  const all = Array.from({ length: memberCount }, (_, member) => member);
  if (configuration.kind === 'member') return { ok: true, needed: [configuration.member] };
  if (configuration.kind === 'stacking') return { ok: true, needed: all };
  const needed = all.filter((member) => (configuration.weights[member] as number) > 0);
  return needed.length === 0
    ? failure('zero-weights', 'at least one member with a positive weight')
    : { ok: true, needed };
}

function findConfigurationProblem(
  configuration: Configuration,
  { task }: Pick<CompleteLog, 'task'>,
  memberCount: number,
): Failure | undefined {
  const { calibrators, afterwards } = configuration;
  if (calibrators !== undefined && calibrators.length !== memberCount)
    return failure('length-mismatch', `a calibrator or null for each of ${memberCount} members`);
  if (task.kind === 'regression' && (afterwards || calibrators?.some((one) => one !== null)))
    return failure('not-applicable', 'classification for calibrators');
  switch (configuration.kind) {
    case 'member': {
      const { member } = configuration;
      return Number.isInteger(member) && member >= 0 && member < memberCount
        ? undefined
        : failure('invalid-argument', `member must be an index from 0 to ${memberCount - 1}`);
    }
    case 'combine': {
      const { settings, weights, variances } = configuration;
      if (weights.length !== memberCount || (variances && variances.length !== memberCount))
        return failure('length-mismatch', `a weight (and variance) for each of ${memberCount} members`);
      return findSettingsProblem({ ...settings, task }, memberCount);
    }
    case 'stacking': {
      const { model } = configuration;
      const fits =
        model.task.kind === task.kind &&
        (model.task.kind === 'regression' || (task.kind === 'classification' && model.task.classes === task.classes));
      return fits && model.members === memberCount
        ? undefined
        : failure('not-applicable', `a meta-model for this task and ${memberCount} members`);
    }
    default:
      return failure('invalid-argument', 'kind must be member, combine or stacking');
  }
}

/** What a configuration answers to every row; `labels[row]` is −1 for an abstention. Empty for regression. */
export interface Answers {
  readonly answers: Float64Array;
  readonly labels: Int32Array;
}

export function answerRows(configuration: Configuration, log: CompleteLog): Result<Answers> {
  const { count, width, task } = log;
  const answers = new Float64Array(count * width);
  const labels = new Int32Array(task.kind === 'classification' ? count : 0);
  for (let row = 0; row < count; row += 1) {
    const members = calibratedRow(configuration, log, row);
    if (!members.ok) return members;
    const answered = answerRow(configuration, log, members.members);
    if (!answered.ok) return { ...answered, needed: `${answered.needed}; see row ${row} of those used` };
    let { answer } = answered;
    if (configuration.afterwards) {
      const corrected = applyCalibrator(configuration.afterwards, answer);
      if (!corrected.ok) return corrected;
      answer = corrected.probabilities;
    }
    answers.set(answer, row * width);
    if (task.kind === 'classification') labels[row] = answered.label ?? firstLargest(answer);
  }
  return { ok: true, answers, labels };
}

interface RowAnswer {
  readonly answer: Float64Array;
  /** −1: abstained; undefined: the largest probability decides. */
  readonly label: number | undefined;
}

function answerRow(
  configuration: Configuration,
  { task }: CompleteLog,
  members: readonly MemberAnswer[],
): Result<RowAnswer> {
  switch (configuration.kind) {
    case 'member': {
      const { probabilities, value } = members[configuration.member] as MemberAnswer;
      return { ok: true, answer: Float64Array.from(probabilities ?? [value as number]), label: undefined };
    }
    case 'combine': {
      const combined = combine({ ...configuration.settings, task }, members);
      if (!combined.ok) return combined;
      if ('value' in combined) return { ok: true, answer: Float64Array.of(combined.value), label: undefined };
      const { probabilities, labelIndex } = combined;
      // Calibration afterwards may move the winner, except where a tie rule has spoken.
      const label = labelIndex === undefined ? -1 : combined.tie || !configuration.afterwards ? labelIndex : undefined;
      return { ok: true, answer: probabilities, label };
    }
    case 'stacking': {
      const row = stackingFeatures(task, members);
      if (!row.ok) return row;
      const applied = applyStack(configuration.model, row.features);
      return applied.ok ? { ok: true, answer: applied.answer, label: undefined } : applied;
    }
  }
}

function calibratedRow(
  configuration: Configuration,
  { members, width, task }: CompleteLog,
  row: number,
): Result<{ readonly members: readonly MemberAnswer[] }> {
  const answers: MemberAnswer[] = [];
  for (const [member, logged] of members.entries()) {
    const weight = configuration.kind === 'combine' ? (configuration.weights[member] as number) : 1;
    // A member that nothing asks for is not in the compacted log.
    if (weight === 0 || (configuration.kind === 'member' && configuration.member !== member)) {
      answers.push({ weight, missing: true });
      continue;
    }
    if (task.kind === 'regression') {
      const variance = configuration.kind === 'combine' ? configuration.variances?.[member] : undefined;
      answers.push({ weight, value: logged[row], variance });
      continue;
    }
    const probabilities = logged.subarray(row * width, (row + 1) * width);
    const calibrator = configuration.calibrators?.[member];
    const corrected = calibrator ? applyCalibrator(calibrator, probabilities) : ({ ok: true, probabilities } as const);
    if (!corrected.ok) return corrected;
    answers.push({ weight, probabilities: corrected.probabilities });
  }
  return { ok: true, members: answers };
}

function firstLargest(values: Float64Array): number {
  let best = 0;
  for (let index = 1; index < values.length; index += 1) {
    if ((values[index] as number) > (values[best] as number) + 1e-12) best = index;
  }
  return best;
}
