import { type Square, solvePositiveDefinite } from '../internal/cholesky.ts';
import { fitLogistic, fitSoftmax } from '../internal/logistic.ts';
import { type Failure, failure, type Result } from '../result.ts';
import { type CompleteLog, type MemberLog, type RowCounts, readLog } from './rows.ts';
import type { StackModel } from './stack-model.ts';

export interface LogisticStack {
  readonly model: StackModel;
  /** ½‖weights‖² + C·Σ −ln p(true label): what was made smallest. */
  readonly objective: number;
  readonly rows: RowCounts;
}

/**
 * The meta-model of a stack for classification: logistic regression (softmax for more than two classes) of the true
 * label on the members' probabilities, with an L2 penalty; `inverseStrength` is C of scikit-learn, 1 unless given.
 * Objective ½‖w‖² + C·Σ −ln p(y), intercepts free (of more than two classes they sum to 0).
 *
 * Assumes independent rows that no member was trained on. Fails like `learnWeights`, on regression, on an
 * `inverseStrength` that is not positive and finite, when a class has no row (its intercept would be −∞), and when no
 * lowest point is reached.
 * Source: Wolpert, Stacked generalization, 1992; equals scikit-learn `LogisticRegression`, the default final estimator
 * of `StackingClassifier`.
 */
export function fitLogisticStack(
  log: MemberLog,
  options: { readonly inverseStrength?: number } = {},
): Result<LogisticStack> {
  const { inverseStrength = 1 } = options;
  if (log.task.kind === 'regression')
    return failure('not-applicable', 'classification; fitRidgeStack is for regression');
  if (!(inverseStrength > 0 && Number.isFinite(inverseStrength)))
    return failure('invalid-argument', 'inverseStrength must be a positive finite number');
  const read = readLog(log);
  if (!read.ok) return read;
  const missing = findAbsentClass(read);
  if (missing) return missing;
  const table = metaFeatures(read);
  const penalty = 1 / inverseStrength;
  const fit =
    read.width === 2
      ? fitLogistic(table, read.outcomes, penalty)
      : fitSoftmax(table, read.outcomes, read.width, penalty);
  if (!fit.isFlat)
    return failure('not-reachable', 'a stronger penalty (a smaller inverseStrength); no lowest point was reached');
  const model: StackModel = {
    task: read.task,
    members: read.members.length,
    weights: fit.weights,
    intercepts: fit.intercepts,
    fill: columnMeans(table),
  };
  return { ok: true, model, objective: fit.objective, rows: read.rows };
}

export interface RidgeStack {
  readonly model: StackModel;
  /** The penalty that was used. */
  readonly penalty: number;
  /** Mean squared error of each penalty when every row in turn is left out of the fit. */
  readonly leaveOneOutErrors: readonly { readonly penalty: number; readonly error: number }[];
  readonly rows: RowCounts;
}

/**
 * The meta-model of a stack for regression: ridge regression of the true value on the members' values,
 * min ‖y − Xw − b‖² + penalty·‖w‖². Of several penalties the one with the least leave-one-out error is taken, the first
 * of equals; 0.1, 1 and 10 unless given. That error is the mean of (residual / (1 − leverage))², without further fits.
 * Assumes independent rows that no member was trained on. Fails like `learnWeights`, on classification, on penalties
 * that are not positive and finite, when all true values are equal, and on values whose squares overflow.
 * Source: Hoerl and Kennard 1970; Allen 1974 for leaving out; equals scikit-learn `RidgeCV`, the default final
 * estimator of `StackingRegressor`.
 */
export function fitRidgeStack(
  log: MemberLog,
  options: { readonly penalties?: readonly number[] } = {},
): Result<RidgeStack> {
  const { penalties = [0.1, 1, 10] } = options;
  if (log.task.kind !== 'regression')
    return failure('not-applicable', 'regression; fitLogisticStack is for classification');
  if (penalties.length === 0 || !penalties.every((penalty) => penalty > 0 && Number.isFinite(penalty)))
    return failure('invalid-argument', 'at least one penalty, each a positive finite number');
  const read = readLog(log);
  if (!read.ok) return read;
  if (read.outcomes.every((value) => value === read.outcomes[0])) return failure('constant', 'true values that differ');
  const table = metaFeatures(read);
  const fill = columnMeans(table);
  const centred = centre(table, fill, read.outcomes);
  const tried: { penalty: number; error: number; weights: Float64Array }[] = [];
  for (const penalty of penalties) {
    const fit = solveRidge(centred, penalty);
    if (fit === undefined || !Number.isFinite(fit.error))
      return failure('not-finite', 'values whose squares are within the range of numbers');
    tried.push({ penalty, ...fit });
  }
  const best = tried.reduce((least, one) => (one.error < least.error ? one : least));
  let intercept = centred.targetMean;
  for (const [column, mean] of fill.entries()) intercept -= mean * (best.weights[column] as number);
  const model: StackModel = {
    task: read.task,
    members: read.members.length,
    weights: [[...best.weights]],
    intercepts: [intercept],
    fill,
  };
  const leaveOneOutErrors = tried.map(({ penalty, error }) => ({ penalty, error }));
  return { ok: true, model, penalty: best.penalty, leaveOneOutErrors, rows: read.rows };
}

interface Table {
  readonly features: Float64Array;
  readonly columns: number;
}

/** The columns of `stackingFeatures` for every row. */
function metaFeatures({ members, width, count, task }: CompleteLog): Table {
  const each = width === 2 || task.kind === 'regression' ? 1 : width;
  const columns = members.length * each;
  const features = new Float64Array(count * columns);
  for (const [member, answers] of members.entries()) {
    for (let row = 0; row < count; row += 1) {
      for (let column = 0; column < each; column += 1) {
        const from = row * width + (width === 2 ? 1 : column);
        features[row * columns + member * each + column] = answers[from] as number;
      }
    }
  }
  return { features, columns };
}

function columnMeans({ features, columns }: Table): number[] {
  const means = new Array<number>(columns).fill(0);
  const count = features.length / columns;
  for (let at = 0; at < features.length; at += 1) {
    means[at % columns] = (means[at % columns] as number) + (features[at] as number) / count;
  }
  return means;
}

export function findAbsentClass({ outcomes, width }: CompleteLog): Failure | undefined {
  const seen = new Set(outcomes);
  for (let label = 0; label < width; label += 1) {
    if (!seen.has(label)) return failure('one-class', `rows of every class; class ${label} has none`);
  }
  return undefined;
}

interface Centred extends Table {
  readonly targets: Float64Array;
  readonly targetMean: number;
}

function centre({ features, columns }: Table, means: readonly number[], outcomes: Float64Array): Centred {
  const targetMean = outcomes.reduce((sum, value) => sum + value / outcomes.length, 0);
  return {
    features: features.map((value, at) => value - (means[at % columns] as number)),
    columns,
    targets: outcomes.map((value) => value - targetMean),
    targetMean,
  };
}

function solveRidge(
  { features, columns, targets }: Centred,
  penalty: number,
): { weights: Float64Array; error: number } | undefined {
  const gram: Square = new Float64Array(columns * columns);
  const right = new Float64Array(columns);
  const count = targets.length;
  for (let row = 0; row < count; row += 1) {
    const from = row * columns;
    for (let first = 0; first < columns; first += 1) {
      const value = features[from + first] as number;
      right[first] = (right[first] as number) + value * (targets[row] as number);
      for (let second = 0; second < columns; second += 1) {
        gram[first * columns + second] =
          (gram[first * columns + second] as number) + value * (features[from + second] as number);
      }
    }
  }
  for (let column = 0; column < columns; column += 1) {
    gram[column * columns + column] = (gram[column * columns + column] as number) + penalty;
  }
  const units = Array.from({ length: columns }, (_, unit) =>
    new Float64Array(columns).map((_, index) => (index === unit ? 1 : 0)),
  );
  const solved = solvePositiveDefinite(gram, columns, [right, ...units]);
  if (solved === undefined) return undefined;
  const [weights, ...inverse] = solved as [Float64Array, ...Float64Array[]];
  // A row left out of the fit is missed by its residual / (1 − leverage); the intercept adds 1/rows to the leverage.
  let error = 0;
  for (let row = 0; row < count; row += 1) {
    const from = row * columns;
    let fitted = 0;
    let leverage = 1 / count;
    for (let first = 0; first < columns; first += 1) {
      const value = features[from + first] as number;
      fitted += value * (weights[first] as number);
      for (let second = 0; second < columns; second += 1) {
        leverage += value * (inverse[first]?.[second] as number) * (features[from + second] as number);
      }
    }
    error += (((targets[row] as number) - fitted) / (1 - leverage)) ** 2 / count;
  }
  return { weights, error };
}
