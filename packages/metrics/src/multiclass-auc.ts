import { checkRows, checkSameLength, firstFailure, isMissing } from './internal/check.ts';
import { areaUnderRoc, scoreSteps } from './internal/score-steps.ts';
import { checkProbabilities } from './multiclass-tally.ts';
import { type Failure, failure, type Result } from './result.ts';

/**
 * How well do the probabilities of a multiclass model rank?
 *
 * `one-versus-rest`: the AUC of each class's probability against all others, averaged (`macro`) or weighted by class
 * rows (`weighted`). `one-versus-one` (Hand and Till): for each pair of classes the mean of the two AUCs among their
 * rows only, averaged or weighted by the pair's rows; insensitive to class balance.
 * Assumes nothing of the rows: it describes them, without an interval (see `bootstrapInterval`). Domain: one finite
 * probability a class.
 * Fails unless every class has a labelled row (a missing class has no AUC, and leaving it out would change the
 * question), on one row, on NaN, and on constant probabilities.
 * Source: scikit-learn `roc_auc_score(multi_class=…)`; Hand and Till, Machine Learning 45 (2001).
 */
export function multiclassAuc(
  labels: ArrayLike<string | null | undefined>,
  probabilities: ArrayLike<ArrayLike<number>>,
  classes: readonly string[],
  options: { readonly scheme?: 'one-versus-rest' | 'one-versus-one'; readonly average?: 'macro' | 'weighted' } = {},
): Result<{ readonly value: number; readonly count: number; readonly perClass?: readonly number[] }> {
  const { scheme = 'one-versus-rest', average = 'macro' } = options;
  const read = readRows(labels, probabilities, classes);
  if (!read.ok) return read;
  const { actual, rows, support } = read;
  const auc = (members: readonly number[], positiveClass: number): number => {
    const positives = Uint8Array.from(members, (row) => (actual[row] === positiveClass ? 1 : 0));
    const scores = Float64Array.from(members, (row) => (rows[row] as ArrayLike<number>)[positiveClass] as number);
    const steps = scoreSteps({ positives, scores, weights: undefined, count: members.length, unlabelled: 0 });
    return areaUnderRoc(steps);
  };
  const everyone = rows.map((_, row) => row);
  if (scheme === 'one-versus-rest') {
    const perClass = classes.map((_, at) => auc(everyone, at));
    const value = mean(perClass, average === 'macro' ? perClass.map(() => 1) : support);
    return { ok: true, value, count: rows.length, perClass };
  }
  const areas: number[] = [];
  const weights: number[] = [];
  for (let a = 0; a < classes.length; a += 1) {
    for (let b = a + 1; b < classes.length; b += 1) {
      const members = everyone.filter((row) => actual[row] === a || actual[row] === b);
      areas.push((auc(members, a) + auc(members, b)) / 2);
      weights.push(average === 'macro' ? 1 : members.length);
    }
  }
  return { ok: true, value: mean(areas, weights), count: rows.length };
}

function mean(values: readonly number[], weights: readonly number[]): number {
  let total = 0;
  let weight = 0;
  for (const [at, value] of values.entries()) {
    total += value * (weights[at] as number);
    weight += weights[at] as number;
  }
  return total / weight;
}

function readRows(
  labels: ArrayLike<string | null | undefined>,
  probabilities: ArrayLike<ArrayLike<number>>,
  classes: readonly string[],
): Result<{ readonly actual: number[]; readonly rows: ArrayLike<number>[]; readonly support: number[] }> {
  const problem = firstFailure(
    classes.length < 2 || new Set(classes).size !== classes.length
      ? failure('invalid-argument', 'at least two classes with different names')
      : undefined,
    checkSameLength('probabilities', probabilities.length, labels.length),
  );
  if (problem) return problem;
  const actual: number[] = [];
  const rows: ArrayLike<number>[] = [];
  const support = classes.map(() => 0);
  for (let index = 0; index < labels.length; index += 1) {
    const label = labels[index];
    if (isMissing(label)) continue;
    const at = classes.indexOf(label);
    if (at < 0) return failure('invalid-label', `labels[${index}] must be one of the classes`);
    const row = probabilities[index] as ArrayLike<number>;
    const wrong = checkProbabilities(row, classes.length, index);
    if (wrong) return wrong;
    actual.push(at);
    rows.push(row);
    support[at] = (support[at] as number) + 1;
  }
  if (rows.length === 0 && labels.length > 0) return failure('all-missing', 'labels; none has come yet');
  const few = checkRows(rows.length);
  if (few) return few;
  return checkSupport(support, classes) ?? checkSpread(rows) ?? { ok: true, actual, rows, support };
}

function checkSupport(support: readonly number[], classes: readonly string[]): Failure | undefined {
  const without = classes.filter((_, at) => support[at] === 0);
  return without.length > 0
    ? failure('one-class', `a labelled row of each class; none of ${without.join(', ')}`)
    : undefined;
}

function checkSpread(rows: readonly ArrayLike<number>[]): Failure | undefined {
  const [first] = rows;
  const same = rows.every((row) => Array.prototype.every.call(row, (value, at) => value === first?.[at]));
  return same ? failure('constant', 'rows with different probabilities; equal ones rank nothing') : undefined;
}
