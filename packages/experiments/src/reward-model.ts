import { checkAllFinite, checkCount, checkNonNegative, checkSameLength, firstFailure } from './internal/check.ts';
import { failure, type Result } from './result.ts';

export interface RewardRows {
  readonly rewards: readonly number[];
  /** Index of the arm taken. */
  readonly arms: readonly number[];
  /** A key of the context (segment, endpoint, bucketed features); rows of equal key share an estimate. */
  readonly contexts: readonly string[];
}

export interface CrossFittedRewards {
  /** q̂[row][arm], predicted without the row's own fold. */
  readonly predicted: readonly (readonly number[])[];
}

/**
 * What reward would each arm have had in each row's context? A plain outcome model for the doubly robust estimators,
 * predicted for a row only from the other folds (row i is in fold i mod folds), so a row never judges itself.
 *
 * Formula: q̂(context, arm) = (Σr + s·m_arm)/(n + s) over the rows of that context and arm in the other folds, m_arm
 * the arm's mean there, s = `shrinkage` pseudo-rows. An arm without rows in the other folds gets the mean over all arms
 * there.
 * Assumes independent rows whose order says nothing of the reward. A poor q̂ costs the doubly robust estimators
 * precision, not validity. Any better model may be used instead, as long as it was fitted on other rows.
 * Domain: finite rewards, 2 ≤ folds ≤ rows, arm indices below `armCount`, shrinkage ≥ 0. Fails as `empty`,
 * `too-few-rows`, `not-finite`, `length-mismatch` or `invalid-argument` outside it.
 * Source: m-estimate, Cestnik, ECAI 1990; cross-fitting, Chernozhukov et al., Econometrics Journal 21 (2018).
 */
export function crossFitRewardModel(
  rows: RewardRows,
  options: { readonly armCount: number; readonly folds?: number; readonly shrinkage?: number },
): Result<CrossFittedRewards> {
  const { armCount, folds = 5, shrinkage = 10 } = options;
  const count = rows.rewards.length;
  const problem = firstFailure(
    checkAllFinite('rewards', rows.rewards),
    checkCount('armCount', armCount, 1),
    checkCount('folds', folds, 2),
    checkCount('the number of rows', count, folds),
    checkNonNegative('shrinkage', shrinkage),
    checkSameLength('arms', rows.arms.length, count),
    checkSameLength('contexts', rows.contexts.length, count),
  );
  if (problem) return problem;
  const contextIndex = new Map<string, number>();
  const cells: number[] = [];
  for (let row = 0; row < count; row += 1) {
    const arm = rows.arms[row] as number;
    if (!(Number.isSafeInteger(arm) && arm >= 0 && arm < armCount)) {
      return failure('invalid-argument', `an arm index from 0 to ${armCount - 1} at row ${row}`);
    }
    const key = rows.contexts[row] as string;
    const context = contextIndex.get(key) ?? contextIndex.size;
    contextIndex.set(key, context);
    cells.push(context * armCount + arm);
  }
  const cellCount = contextIndex.size * armCount;
  const sums = Array.from({ length: folds }, () => new Float64Array(cellCount));
  const sizes = Array.from({ length: folds }, () => new Float64Array(cellCount));
  for (let row = 0; row < count; row += 1) {
    const cell = cells[row] as number;
    const sum = sums[row % folds] as Float64Array;
    const size = sizes[row % folds] as Float64Array;
    sum[cell] = (sum[cell] as number) + (rows.rewards[row] as number);
    size[cell] = (size[cell] as number) + 1;
  }
  const tables = sums.map((_, fold) => fitWithout(fold, sums, sizes, armCount, shrinkage));
  const predicted: (readonly number[])[] = [];
  for (let row = 0; row < count; row += 1) {
    const context = Math.floor((cells[row] as number) / armCount);
    predicted.push((tables[row % folds] as (readonly number[])[])[context] as readonly number[]);
  }
  return { ok: true, predicted };
}

/** Predictions per context and arm from all folds but one. */
function fitWithout(
  fold: number,
  sums: readonly Float64Array[],
  sizes: readonly Float64Array[],
  armCount: number,
  shrinkage: number,
): (readonly number[])[] {
  const cellCount = (sums[0] as Float64Array).length;
  const cellSums = new Float64Array(cellCount);
  const cellSizes = new Float64Array(cellCount);
  const armSums = new Float64Array(armCount);
  const armSizes = new Float64Array(armCount);
  let total = 0;
  let size = 0;
  for (let other = 0; other < sums.length; other += 1) {
    if (other === fold) continue;
    for (let cell = 0; cell < cellCount; cell += 1) {
      const sum = (sums[other] as Float64Array)[cell] as number;
      const rows = (sizes[other] as Float64Array)[cell] as number;
      const arm = cell % armCount;
      cellSums[cell] = (cellSums[cell] as number) + sum;
      cellSizes[cell] = (cellSizes[cell] as number) + rows;
      armSums[arm] = (armSums[arm] as number) + sum;
      armSizes[arm] = (armSizes[arm] as number) + rows;
      total += sum;
      size += rows;
    }
  }
  const overall = total / size;
  const table: number[][] = [];
  for (let context = 0; context < cellCount / armCount; context += 1) {
    table.push(
      Array.from({ length: armCount }, (_, arm) => {
        const cell = context * armCount + arm;
        const armSize = armSizes[arm] as number;
        const armMean = armSize > 0 ? (armSums[arm] as number) / armSize : overall;
        const cellSize = cellSizes[cell] as number;
        if (cellSize + shrinkage === 0) return armMean;
        return ((cellSums[cell] as number) + shrinkage * armMean) / (cellSize + shrinkage);
      }),
    );
  }
  return table;
}
