import { findProbabilityProblem } from '../member-answer.ts';
import { type Failure, failure, type Result } from '../result.ts';
import { type EnsembleTask, findTaskProblem } from '../settings.ts';

/** Null, undefined or NaN while the outcome is not known. */
export type LoggedOutcome = number | null | undefined;

/**
 * What the members of an ensemble answered, and what turned out to be true. Use only rows that no member was trained
 * on (out of fold, or later than its training data: see `selectFreshRows`); a member scored on rows it has learned by
 * heart takes all the weight.
 */
export interface MemberLog {
  readonly task: EnsembleTask;
  /**
   * One list per member. Regression: a value per row. Classification: all probabilities, row after row, in the order
   * of the labels that the members share (`withComplement` makes them from scores of the second of two classes).
   * NaN where a member gave no answer.
   */
  readonly members: readonly ArrayLike<number>[];
  /** Regression: the true value. Classification: the index of the true label. */
  readonly outcomes: ArrayLike<LoggedOutcome>;
}

/** Rows of a log with an outcome and an answer of every member, compacted. */
export interface CompleteLog {
  readonly task: EnsembleTask;
  /** Columns per row: the number of classes, or 1. */
  readonly width: number;
  readonly count: number;
  readonly members: readonly Float64Array[];
  readonly outcomes: Float64Array;
  /** Where each kept row is in the log. */
  readonly places: Uint32Array;
  readonly rows: RowCounts;
}

export interface RowCounts {
  readonly used: number;
  readonly withoutOutcome: number;
  /** Rows with an outcome in which some needed member gave no answer. */
  readonly incomplete: number;
}

export const MINIMUM_ROWS = 10;

/**
 * Keeps the rows that have an outcome and an answer of all `needed` members (every member unless given). One answer
 * that is no probability or not finite refuses the whole log: a member must not look better for it.
 */
export function readLog(log: MemberLog, needed?: readonly number[], minimum = MINIMUM_ROWS): Result<CompleteLog> {
  const problem = findLogProblem(log);
  if (problem) return problem;
  const { task, members, outcomes } = log;
  const width = task.kind === 'classification' ? task.classes : 1;
  const isNeeded = members.map((_, index) => needed === undefined || needed.includes(index));
  const kept = members.map(() => new Float64Array(outcomes.length * width));
  const known = new Float64Array(outcomes.length);
  const places = new Uint32Array(outcomes.length);
  const row = new Float64Array(width);
  let count = 0;
  let withoutOutcome = 0;
  let incomplete = 0;
  for (let index = 0; index < outcomes.length; index += 1) {
    const outcome = outcomes[index];
    if (outcome === null || outcome === undefined || Number.isNaN(outcome)) {
      withoutOutcome += 1;
      continue;
    }
    const wrong = findOutcomeProblem(task, outcome, index);
    if (wrong) return wrong;
    let isComplete = true;
    for (let member = 0; member < members.length; member += 1) {
      if (!isNeeded[member]) continue;
      let isMissing = false;
      for (let column = 0; column < width; column += 1) {
        row[column] = members[member]?.[index * width + column] as number;
        isMissing ||= Number.isNaN(row[column]);
      }
      if (isMissing) {
        isComplete = false;
        break;
      }
      const invalid = findAnswerProblem(row, task);
      if (invalid) return { ...invalid, needed: `${invalid.needed}; see row ${index} of member ${member}` };
      kept[member]?.set(row, count * width);
    }
    if (!isComplete) {
      incomplete += 1;
      continue;
    }
    known[count] = outcome;
    places[count] = index;
    count += 1;
  }
  if (count === 0 && incomplete === 0)
    return failure('all-missing', `at least ${minimum} rows with an outcome; no row has one`);
  if (count < minimum)
    return incomplete > 0
      ? failure(
          'missing-member',
          `at least ${minimum} rows with an answer of every member; there are ${count}, and ${incomplete} without one`,
        )
      : failure('too-few-rows', `at least ${minimum} rows with an outcome; there are ${count}`);
  return {
    ok: true,
    task,
    width,
    count,
    members: kept.map((values) => values.subarray(0, count * width)),
    outcomes: known.subarray(0, count),
    places: places.subarray(0, count),
    rows: { used: count, withoutOutcome, incomplete },
  };
}

function findLogProblem({ task, members, outcomes }: MemberLog): Failure | undefined {
  const problem = findTaskProblem(task);
  if (problem) return problem;
  if (members.length === 0) return failure('empty', 'the answers of at least one member');
  if (outcomes.length === 0) return failure('empty', `at least ${MINIMUM_ROWS} rows; there is none`);
  const length = outcomes.length * (task.kind === 'classification' ? task.classes : 1);
  const odd = members.findIndex((values) => values.length !== length);
  return odd < 0
    ? undefined
    : failure(
        'length-mismatch',
        `${length} numbers of member ${odd} for ${outcomes.length} rows; there are ${members[odd]?.length}`,
      );
}

function findOutcomeProblem(task: EnsembleTask, outcome: number, index: number): Failure | undefined {
  if (task.kind === 'regression')
    return Number.isFinite(outcome) ? undefined : failure('not-finite', `a finite number in outcomes[${index}]`);
  return Number.isInteger(outcome) && outcome >= 0 && outcome < task.classes
    ? undefined
    : failure('invalid-label', `outcomes[${index}] must be the index of a label, 0 to ${task.classes - 1}, or missing`);
}

function findAnswerProblem(row: Float64Array, task: EnsembleTask): Failure | undefined {
  if (task.kind === 'classification') return findProbabilityProblem(row, task.classes);
  return Number.isFinite(row[0]) ? undefined : failure('not-finite', 'finite values of every member');
}

/**
 * Probabilities (1 − s, s) of two classes, row after row, from scores s of the second. NaN, for no answer, stays NaN.
 * Fails on no score at all and on one outside [0, 1]. Source: definition.
 */
export function withComplement(scores: ArrayLike<number>): Result<{ readonly probabilities: Float64Array }> {
  if (scores.length === 0) return failure('empty', 'at least one score');
  const probabilities = new Float64Array(2 * scores.length);
  for (let row = 0; row < scores.length; row += 1) {
    const score = scores[row] as number;
    if (score < 0 || score > 1) return failure('not-a-probability', `scores[${row}] must lie between 0 and 1`);
    probabilities[2 * row] = 1 - score;
    probabilities[2 * row + 1] = score;
  }
  return { ok: true, probabilities };
}
