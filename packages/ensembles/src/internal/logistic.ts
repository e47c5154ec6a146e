import { minimiseSmooth, type Point } from './newton.ts';
import { sigmoid, softmaxInPlace, softplus } from './softmax.ts';

export interface LinearFit {
  /** One list of weights per output, and its intercept. */
  readonly weights: readonly number[][];
  readonly intercepts: readonly number[];
  /** ½‖weights‖² + C·Σ −ln p(outcome). */
  readonly objective: number;
  readonly isFlat: boolean;
}

interface Table {
  /** Row after row. */
  readonly features: Float64Array;
  readonly columns: number;
}

/**
 * Logistic regression of targets in [0, 1] with a penalty on the weights, not on the intercept.
 * `penalty` divides: per-row loss + penalty/2·‖w‖²/rows.
 */
export function fitLogistic({ features, columns }: Table, targets: Float64Array, penalty: number): LinearFit {
  const count = targets.length;
  const evaluate = (x: Float64Array): Point => {
    const slope = new Float64Array(columns + 1);
    const spread = new Float64Array(count);
    let loss = 0;
    for (let row = 0; row < count; row += 1) {
      const score = linear(features, row * columns, columns, x, 0);
      const target = targets[row] as number;
      const probability = sigmoid(score);
      loss += softplus(score) - target * score;
      spread[row] = probability * sigmoid(-score);
      addScaled(slope, 0, features, row * columns, columns, probability - target);
    }
    return penalised(x, loss, slope, [0], columns, penalty, count, (direction, result) => {
      for (let row = 0; row < count; row += 1) {
        const change = linear(features, row * columns, columns, direction, 0) * (spread[row] as number);
        addScaled(result, 0, features, row * columns, columns, change);
      }
    });
  };
  const found = minimiseSmooth(evaluate, new Float64Array(columns + 1));
  return unpack(found, 1, columns, count / penalty);
}

/** The same for `classes` classes, by softmax. The intercepts, which are free up to a constant, sum to 0. */
export function fitSoftmax(
  { features, columns }: Table,
  outcomes: Float64Array,
  classes: number,
  penalty: number,
): LinearFit {
  const count = outcomes.length;
  const stride = columns + 1;
  const starts = Array.from({ length: classes }, (_, output) => output * stride);
  const evaluate = (x: Float64Array): Point => {
    const slope = new Float64Array(classes * stride);
    const probabilities = new Float64Array(count * classes);
    const own = new Float64Array(classes);
    let loss = 0;
    for (let row = 0; row < count; row += 1) {
      for (let output = 0; output < classes; output += 1) {
        own[output] = linear(features, row * columns, columns, x, output * stride);
      }
      const outcome = outcomes[row] as number;
      const score = own[outcome] as number;
      loss += softmaxInPlace(own) - score;
      probabilities.set(own, row * classes);
      for (let output = 0; output < classes; output += 1) {
        const residual = (own[output] as number) - (output === outcome ? 1 : 0);
        addScaled(slope, output * stride, features, row * columns, columns, residual);
      }
    }
    return penalised(x, loss, slope, starts, columns, penalty, count, (direction, result) => {
      const changes = new Float64Array(classes);
      for (let row = 0; row < count; row += 1) {
        let mean = 0;
        for (let output = 0; output < classes; output += 1) {
          changes[output] = linear(features, row * columns, columns, direction, output * stride);
          mean += (probabilities[row * classes + output] as number) * (changes[output] as number);
        }
        for (let output = 0; output < classes; output += 1) {
          const change = (probabilities[row * classes + output] as number) * ((changes[output] as number) - mean);
          addScaled(result, output * stride, features, row * columns, columns, change);
        }
      }
    });
  };
  const found = minimiseSmooth(evaluate, new Float64Array(classes * stride));
  return unpack(found, classes, columns, count / penalty);
}

/** Mean loss and penalty, from sums over rows; the last of each output's numbers is its intercept. */
function penalised(
  x: Float64Array,
  loss: number,
  slope: Float64Array,
  starts: readonly number[],
  columns: number,
  penalty: number,
  count: number,
  addCurve: (direction: Float64Array, result: Float64Array) => void,
): Point {
  const ridge = penalty / count;
  const finish = (sums: Float64Array, at: Float64Array) => {
    for (let index = 0; index < sums.length; index += 1) sums[index] = (sums[index] as number) / count;
    for (const start of starts) {
      for (let column = start; column < start + columns; column += 1) {
        sums[column] = (sums[column] as number) + ridge * (at[column] as number);
      }
    }
    return sums;
  };
  let squared = 0;
  for (const start of starts) {
    for (let column = start; column < start + columns; column += 1) squared += (x[column] as number) ** 2;
  }
  return {
    value: loss / count + (ridge / 2) * squared,
    slope: finish(slope, x),
    curve: (direction) => {
      const result = new Float64Array(direction.length);
      addCurve(direction, result);
      return finish(result, direction);
    },
  };
}

function unpack(found: ReturnType<typeof minimiseSmooth>, outputs: number, columns: number, scale: number): LinearFit {
  const stride = columns + 1;
  const weights = Array.from({ length: outputs }, (_, output) => [
    ...found.x.subarray(output * stride, output * stride + columns),
  ]);
  const raw = Array.from({ length: outputs }, (_, output) => found.x[output * stride + columns] as number);
  const mean = outputs === 1 ? 0 : raw.reduce((sum, one) => sum + one, 0) / outputs;
  return { weights, intercepts: raw.map((one) => one - mean), objective: found.value * scale, isFlat: found.isFlat };
}

/** x·row + intercept. */
function linear(features: Float64Array, from: number, columns: number, x: Float64Array, start: number): number {
  let sum = x[start + columns] as number;
  for (let column = 0; column < columns; column += 1) {
    sum += (features[from + column] as number) * (x[start + column] as number);
  }
  return sum;
}

function addScaled(
  target: Float64Array,
  start: number,
  features: Float64Array,
  from: number,
  columns: number,
  factor: number,
): void {
  for (let column = 0; column < columns; column += 1) {
    target[start + column] = (target[start + column] as number) + factor * (features[from + column] as number);
  }
  target[start + columns] = (target[start + columns] as number) + factor;
}
