import type { Cell, RandomSource, Rows } from '../rows.ts';

/** What a feature must do for a row to count as "like the explained row" in it. */
export type LocalCondition =
  | { readonly kind: 'range'; readonly above: number | null; readonly upTo: number | null }
  | { readonly kind: 'equals'; readonly value: Cell };

/** The part of a feature's range (between background quartiles) or the category that the explained row is in. */
export function localCondition<C extends Cell>(
  row: ArrayLike<C>,
  background: Rows<C>,
  feature: number,
): LocalCondition {
  const own = row[feature]!;
  const numbers: number[] = [];
  for (let index = 0; index < background.length; index += 1) {
    const cell = background[index]![feature]!;
    if (typeof cell === 'number' && !Number.isNaN(cell)) numbers.push(cell);
  }
  if (typeof own !== 'number' || Number.isNaN(own) || numbers.length === 0) return { kind: 'equals', value: own };
  const sorted = Float64Array.from(numbers).sort();
  const edges = [0.25, 0.5, 0.75].map((share) => quantile(sorted, share));
  const below = edges.filter((edge) => edge < own);
  return { kind: 'range', above: below.at(-1) ?? null, upTo: edges.find((edge) => edge >= own) ?? null };
}

export function holds(condition: LocalCondition, cell: Cell): boolean {
  if (condition.kind === 'equals') return cell === condition.value || Object.is(cell, condition.value);
  if (typeof cell !== 'number' || Number.isNaN(cell)) return false;
  return (condition.above === null || cell > condition.above) && (condition.upTo === null || cell <= condition.upTo);
}

/** Rows around the explained one: it first, then every cell from a background row drawn for that cell alone. */
export function drawSamples<C extends Cell>(
  row: ArrayLike<C>,
  background: Rows<C>,
  count: number,
  random: RandomSource,
): C[][] {
  return Array.from({ length: count }, (_, sample) =>
    Array.from(row, (own, feature) => {
      if (sample === 0) return own;
      const drawn = Math.min(background.length - 1, Math.floor(random() * background.length));
      return background[drawn]![feature]!;
    }),
  );
}

/** Linear interpolation between order statistics, as numpy's default. */
function quantile(sorted: Float64Array, share: number): number {
  const position = share * (sorted.length - 1);
  const low = Math.floor(position);
  const [left, right] = [sorted[low]!, sorted[Math.min(low + 1, sorted.length - 1)]!];
  return left + (right - left) * (position - low);
}
