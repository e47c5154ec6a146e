import { type Failure, failure, type Result } from '../result.ts';

/** A label as it is stored: 1 or true, 0 or false; null, undefined or NaN while it is not known. */
export type BinaryLabel = number | boolean | null | undefined;
/** A measured number; null, undefined or NaN while it is not known. */
export type NumericLabel = number | null | undefined;

export const MINIMUM_ROWS = 2;

export function isMissing(value: unknown): value is null | undefined {
  return value === null || value === undefined || (typeof value === 'number' && Number.isNaN(value));
}

export function firstFailure(...checks: (Failure | undefined)[]): Failure | undefined {
  return checks.find((check) => check !== undefined);
}

/** A number strictly between 0 and 1. */
export function checkOpenUnit(name: string, value: number): Failure | undefined {
  return value > 0 && value < 1 ? undefined : failure('invalid-argument', `${name} must lie strictly between 0 and 1`);
}

export function checkUnit(name: string, value: number): Failure | undefined {
  return value >= 0 && value <= 1 ? undefined : failure('invalid-argument', `${name} must lie between 0 and 1`);
}

export function checkFinite(name: string, value: number): Failure | undefined {
  return Number.isFinite(value) ? undefined : failure('invalid-argument', `${name} must be a finite number`);
}

export function checkOneOf<Choice>(name: string, value: Choice, choices: readonly Choice[]): Failure | undefined {
  return choices.includes(value)
    ? undefined
    : failure('invalid-argument', `${name} must be one of ${choices.join(', ')}`);
}

export function checkPositive(name: string, value: number): Failure | undefined {
  return value > 0 && Number.isFinite(value)
    ? undefined
    : failure('invalid-argument', `${name} must be a positive finite number`);
}

export function checkWhole(name: string, value: number, minimum: number): Failure | undefined {
  return Number.isSafeInteger(value) && value >= minimum
    ? undefined
    : failure('invalid-argument', `${name} must be a whole number of at least ${minimum}`);
}

export function checkSameLength(name: string, actual: number, expected: number): Failure | undefined {
  return actual === expected
    ? undefined
    : failure('length-mismatch', `${name} must have ${expected} entries; it has ${actual}`);
}

export function checkRows(count: number, minimum = MINIMUM_ROWS): Failure | undefined {
  if (count >= minimum) return undefined;
  return count === 0
    ? failure('empty', `at least ${minimum} rows with a label; there is none`)
    : failure('too-few-rows', `at least ${minimum} rows with a label; there is ${count}`);
}

export function checkWeight(weight: number, index: number): Failure | undefined {
  return weight >= 0 && Number.isFinite(weight)
    ? undefined
    : failure('invalid-argument', `weights[${index}] must be a finite number of at least 0`);
}

/** Every entry finite and the list not empty. */
export function checkAllFinite(name: string, values: ArrayLike<number>): Failure | undefined {
  if (values.length === 0) return failure('empty', `${name} must hold at least one value`);
  for (let index = 0; index < values.length; index += 1) {
    if (!Number.isFinite(values[index])) return notFinite(name, index);
  }
  return undefined;
}

export function notFinite(name: string, index: number): Failure {
  return failure('not-finite', `a finite number in ${name}[${index}]; leave rows without one out (see completeRows)`);
}

/** Labelled rows of a binary question, compacted. `positives[i]` is 1 or 0. */
export interface BinaryRows {
  readonly positives: Uint8Array;
  readonly scores: Float64Array;
  /** Undefined when every row counts once. */
  readonly weights: Float64Array | undefined;
  readonly count: number;
  readonly unlabelled: number;
}

/**
 * Reads labels and scores row by row: rows without a label are left out and counted, a labelled row without a finite
 * score refuses the whole question (a model that answers NaN must not look better for it).
 */
export function readBinaryRows(
  labels: ArrayLike<BinaryLabel>,
  scores: ArrayLike<number>,
  weights?: ArrayLike<number>,
  needs: { readonly bothClasses?: boolean; readonly probabilities?: boolean } = {},
): Result<BinaryRows> {
  const mismatch = firstFailure(
    checkSameLength('scores', scores.length, labels.length),
    weights && checkSameLength('weights', weights.length, labels.length),
  );
  if (mismatch) return mismatch;
  if (labels.length === 0) return checkRows(0) as Failure;
  const positives = new Uint8Array(labels.length);
  const kept = new Float64Array(labels.length);
  const keptWeights = weights && new Float64Array(labels.length);
  let count = 0;
  let positiveCount = 0;
  for (let index = 0; index < labels.length; index += 1) {
    const label = labels[index];
    if (isMissing(label)) continue;
    const positive = label === true ? 1 : label === false ? 0 : label;
    if (positive !== 0 && positive !== 1) return invalidBinaryLabel(index);
    const score = scores[index] as number;
    if (!Number.isFinite(score)) return notFinite('scores', index);
    if (needs.probabilities && (score < 0 || score > 1)) return notAProbability(index);
    if (keptWeights && weights) {
      const weight = weights[index] as number;
      const problem = checkWeight(weight, index);
      if (problem) return problem;
      if (weight === 0) continue;
      keptWeights[count] = weight;
    }
    positives[count] = positive;
    kept[count] = score;
    positiveCount += positive;
    count += 1;
  }
  if (count === 0)
    return failure('all-missing', `at least ${MINIMUM_ROWS} rows with a label; none of them has one yet`);
  const few = checkRows(count);
  if (few) return few;
  if (needs.bothClasses && (positiveCount === 0 || positiveCount === count)) return oneClass(positiveCount === 0);
  return {
    ok: true,
    positives: positives.subarray(0, count),
    scores: kept.subarray(0, count),
    weights: keptWeights?.subarray(0, count),
    count,
    unlabelled: labels.length - count,
  };
}

export function oneClass(withoutPositives: boolean): Failure {
  return failure('one-class', `labels of both classes; there is no ${withoutPositives ? 'positive' : 'negative'} one`);
}

export function invalidBinaryLabel(index: number): Failure {
  return failure('invalid-label', `labels[${index}] must be 0, 1, false, true, or missing`);
}

export function notAProbability(index: number): Failure {
  return failure('not-a-probability', `scores[${index}] must lie between 0 and 1`);
}

/** Labelled rows of a question about numbers, compacted. */
export interface NumericRows {
  readonly targets: Float64Array;
  readonly predictions: Float64Array;
  readonly weights: Float64Array | undefined;
  readonly count: number;
  readonly unlabelled: number;
}

export function readNumericRows(
  targets: ArrayLike<NumericLabel>,
  predictions: ArrayLike<number>,
  weights?: ArrayLike<number>,
): Result<NumericRows> {
  const mismatch = firstFailure(
    checkSameLength('predictions', predictions.length, targets.length),
    weights && checkSameLength('weights', weights.length, targets.length),
  );
  if (mismatch) return mismatch;
  if (targets.length === 0) return checkRows(0) as Failure;
  const keptTargets = new Float64Array(targets.length);
  const keptPredictions = new Float64Array(targets.length);
  const keptWeights = weights && new Float64Array(targets.length);
  let count = 0;
  for (let index = 0; index < targets.length; index += 1) {
    const target = targets[index];
    if (isMissing(target)) continue;
    if (!Number.isFinite(target)) return notFinite('targets', index);
    const prediction = predictions[index] as number;
    if (!Number.isFinite(prediction)) return notFinite('predictions', index);
    if (keptWeights && weights) {
      const weight = weights[index] as number;
      const problem = checkWeight(weight, index);
      if (problem) return problem;
      if (weight === 0) continue;
      keptWeights[count] = weight;
    }
    keptTargets[count] = target;
    keptPredictions[count] = prediction;
    count += 1;
  }
  if (count === 0)
    return failure('all-missing', `at least ${MINIMUM_ROWS} rows with a label; none of them has one yet`);
  return (
    checkRows(count) ?? {
      ok: true,
      targets: keptTargets.subarray(0, count),
      predictions: keptPredictions.subarray(0, count),
      weights: keptWeights?.subarray(0, count),
      count,
      unlabelled: targets.length - count,
    }
  );
}
