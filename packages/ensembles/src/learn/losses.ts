import { type Failure, failure, type Result } from '../result.ts';
import type { EnsembleTask } from '../settings.ts';
import type { CompleteLog } from './rows.ts';

/**
 * - `log_loss`: −mean ln p(true label), with p not below 2⁻⁵²
 * - `brier`: mean squared distance of the probabilities to the truth; of two classes, that of the second alone
 * - `error`: share of rows whose most probable label (the first of several) is not the true one
 * - `squared_error`: mean squared error of the values, in the square of their unit
 */
export type EnsembleLoss = 'log_loss' | 'brier' | 'error' | 'squared_error';

export const SMALLEST_PROBABILITY = 2 ** -52;

export function findLossProblem(task: EnsembleTask, loss: EnsembleLoss): Failure | undefined {
  if (!['log_loss', 'brier', 'error', 'squared_error'].includes(loss))
    return failure('invalid-argument', 'loss must be log_loss, brier, error or squared_error');
  if ((task.kind === 'regression') === (loss === 'squared_error')) return undefined;
  return failure(
    'not-applicable',
    task.kind === 'regression'
      ? 'squared_error, the loss for regression'
      : 'log_loss, brier or error for classification',
  );
}

/** Mean loss of `answers`, each number divided by `divisor` first: a sum of members is scored without copying it. */
export function meanLoss(
  loss: EnsembleLoss,
  answers: Float64Array,
  outcomes: Float64Array,
  width: number,
  divisor = 1,
): number {
  let sum = 0;
  for (let row = 0; row < outcomes.length; row += 1) sum += rowLoss(loss, answers, outcomes, width, row, divisor);
  return sum / outcomes.length;
}

export function rowLoss(
  loss: EnsembleLoss,
  answers: Float64Array,
  outcomes: Float64Array,
  width: number,
  row: number,
  divisor = 1,
): number {
  const start = row * width;
  const outcome = outcomes[row] as number;
  switch (loss) {
    case 'squared_error':
      return ((answers[row] as number) / divisor - outcome) ** 2;
    case 'log_loss':
      return -Math.log(Math.max((answers[start + outcome] as number) / divisor, SMALLEST_PROBABILITY));
    case 'brier': {
      let sum = 0;
      for (let column = width === 2 ? 1 : 0; column < width; column += 1) {
        sum += ((answers[start + column] as number) / divisor - (column === outcome ? 1 : 0)) ** 2;
      }
      return sum;
    }
    case 'error': {
      let best = 0;
      for (let column = 1; column < width; column += 1) {
        // Equal up to rounding is a tie, and goes to the first label.
        if ((answers[start + column] as number) > (answers[start + best] as number) + 1e-12 * divisor) best = column;
      }
      return best === outcome ? 0 : 1;
    }
  }
}

/** Mean loss of each member alone. */
export function lossesOfMembers(log: CompleteLog, loss: EnsembleLoss): Result<{ readonly losses: readonly number[] }> {
  const losses = log.members.map((answers) => meanLoss(loss, answers, log.outcomes, log.width));
  return losses.every(Number.isFinite)
    ? { ok: true, losses }
    : failure('not-finite', 'errors whose squares are within the range of numbers');
}
