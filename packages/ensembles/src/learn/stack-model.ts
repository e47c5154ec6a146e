import { sigmoid, softmaxInPlace } from '../internal/softmax.ts';
import { type Failure, failure, type Result } from '../result.ts';
import type { EnsembleTask } from '../settings.ts';
import { stackingWidth } from '../stacking-features.ts';

/** A linear meta-model over the answers of the members. Plain data: can be kept as JSON. */
export interface StackModel {
  readonly task: EnsembleTask;
  readonly members: number;
  /**
   * Two classes: one list of weights, of the log-odds of the second class. More: a list per class, of the softmax.
   * Regression: one list. Each has an entry per column of `stackingFeatures`.
   */
  readonly weights: readonly (readonly number[])[];
  readonly intercepts: readonly number[];
  /** Means of the columns over the rows it was fitted on: what stands in for a missing member. */
  readonly fill: readonly number[];
}

/**
 * What the meta-model answers to a row x from `stackingFeatures`: the probabilities of all classes, or one value.
 * With z = weights·x + intercept: (1 − σ(z), σ(z)) for two classes, softmax(z) for more, z for regression. Assumes
 * columns in the order of the fit. Fails when the parts of the model or the row do not fit together, and when a sum is
 * not finite. Source: as `fitLogisticStack` and `fitRidgeStack`.
 */
export function applyStack(model: StackModel, features: ArrayLike<number>): Result<{ readonly answer: Float64Array }> {
  const problem = findStackProblem(model);
  if (problem) return problem;
  if (features.length !== model.fill.length)
    return failure('length-mismatch', `${model.fill.length} numbers of the members; there are ${features.length}`);
  const scores = new Float64Array(model.weights.length);
  for (const [output, weights] of model.weights.entries()) {
    let score = model.intercepts[output] as number;
    for (const [column, weight] of weights.entries()) score += weight * (features[column] as number);
    if (!Number.isFinite(score)) return failure('not-finite', 'finite answers of the members and finite weights');
    scores[output] = score;
  }
  if (model.task.kind === 'regression') return { ok: true, answer: scores };
  if (model.task.classes > 2) {
    softmaxInPlace(scores);
    return { ok: true, answer: scores };
  }
  const positive = sigmoid(scores[0] as number);
  return { ok: true, answer: Float64Array.of(1 - positive, positive) };
}

/** Why a model that comes from elsewhere cannot be used. */
export function findStackProblem({ task, members, weights, intercepts, fill }: StackModel): Failure | undefined {
  const width = stackingWidth(task, members);
  if (!width.ok) return width;
  const outputs = task.kind === 'classification' && task.classes > 2 ? task.classes : 1;
  if (weights.length !== outputs || intercepts.length !== outputs)
    return failure('length-mismatch', `weights and an intercept for each of ${outputs} outputs`);
  if (fill.length !== width.value || weights.some((one) => one.length !== width.value))
    return failure('length-mismatch', `${width.value} weights for each output, and as many columns to fill`);
  return fill.every(Number.isFinite)
    ? undefined
    : failure('not-finite', 'a finite number for each column to fill where a member is missing');
}
