import { type Answer, type Refusal, refuse } from './refusal.ts';
import { type Cell, describe } from './rows.ts';

/**
 * A model as a function of rows: one number per row (a probability, a margin, a value). May answer later, as models in
 * worker threads do. For a model with several classes, give the function that answers for the class in question.
 */
export type PredictRows<C extends Cell = Cell> = (
  rows: readonly (readonly C[])[],
) => ArrayLike<number> | Promise<ArrayLike<number>>;

/** Rows handed to the model in one call: large enough to be fast, small enough to stay in memory. */
const BATCH_ROWS = 4096;

/**
 * Asks the model for `count` rows, made one batch at a time by `rowAt`. A model that throws, answers too few or answers
 * with something that is not a finite number gives a refusal: explanations of NaN are not numbers either.
 */
export async function askModel<C extends Cell>(
  model: PredictRows<C>,
  count: number,
  rowAt: (index: number) => readonly C[],
): Promise<Answer<{ readonly predictions: Float64Array }>> {
  const predictions = new Float64Array(count);
  for (let from = 0; from < count; from += BATCH_ROWS) {
    const size = Math.min(BATCH_ROWS, count - from);
    const rows = Array.from({ length: size }, (_, offset) => rowAt(from + offset));
    let answers: ArrayLike<number>;
    try {
      answers = await model(rows);
    } catch (error) {
      return refuse('model-failed', 'a model that answers every row', error instanceof Error ? error.message : 'error');
    }
    if (answers?.length !== size) {
      return refuse('model-failed', `one number per row (${size})`, `${answers?.length ?? describe(answers)}`);
    }
    for (let offset = 0; offset < size; offset += 1) {
      const answer = answers[offset];
      if (typeof answer !== 'number' || !Number.isFinite(answer)) {
        return refuse('not-finite', 'a finite number from the model for every row', describe(answer));
      }
      predictions[from + offset] = answer;
    }
  }
  return { ok: true, predictions };
}

export function checkModel(model: unknown): Refusal | undefined {
  return typeof model === 'function'
    ? undefined
    : refuse('invalid-input', 'a model: a function from rows to numbers', describe(model));
}
