import { askModel, checkModel, type PredictRows } from '../ask-model.ts';
import type { Answer, Refusal } from '../refusal.ts';
import { type Cell, checkRow, checkRows, type Rows, sameCell } from '../rows.ts';

/**
 * Features that can matter: those in which some background row differs from the explained row. The others cannot move
 * any coalition (replacing them changes nothing), so their Shapley value is 0 and they cost nothing.
 */
export function differingFeatures<C extends Cell>(row: ArrayLike<C>, background: Rows<C>): number[] {
  return Array.from({ length: row.length }, (_, feature) => feature).filter((feature) => {
    for (let index = 0; index < background.length; index += 1) {
      if (!sameCell(background[index]![feature]!, row[feature]!)) return true;
    }
    return false;
  });
}

export function checkGame<C extends Cell>(
  model: PredictRows<C>,
  row: ArrayLike<C>,
  background: Rows<C>,
): Refusal | undefined {
  return checkModel(model) ?? checkRow(row, 'row') ?? checkRows(background, 'background', 1, row.length);
}

/**
 * The worth of coalitions: the mean prediction over the background when the features of the coalition are the explained
 * row's and the others the background row's. `isKnown(coalition, feature)` says who is in.
 */
export async function worthOfCoalitions<C extends Cell>(
  model: PredictRows<C>,
  row: ArrayLike<C>,
  background: Rows<C>,
  coalitions: { readonly count: number; readonly isKnown: (coalition: number, feature: number) => boolean },
): Promise<Answer<{ readonly worth: Float64Array }>> {
  const size = background.length;
  const asked = await askModel(model, coalitions.count * size, (index) => {
    const coalition = Math.floor(index / size);
    const other = background[index % size]!;
    return Array.from(row, (cell, feature) => (coalitions.isKnown(coalition, feature) ? cell : other[feature]!));
  });
  if (!asked.ok) return asked;
  const worth = new Float64Array(coalitions.count);
  for (let coalition = 0; coalition < coalitions.count; coalition += 1) {
    let sum = 0;
    for (let other = 0; other < size; other += 1) sum += asked.predictions[coalition * size + other]!;
    worth[coalition] = sum / size;
  }
  return { ok: true, worth };
}
