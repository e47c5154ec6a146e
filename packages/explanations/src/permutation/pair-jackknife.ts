import type { MetricForm } from './importance-metric.ts';

/** Rows scored with a permuted column: row i got the cells of row `donors[i]`. */
export interface PermutedRows {
  readonly donors: Uint32Array;
  readonly predictions: Float64Array;
}

export interface GroupScores {
  /** Of all rows; null when the metric has no answer. */
  readonly all: number | null;
  /** Without each group. */
  readonly without: readonly (number | null)[];
}

/**
 * The metric over pairs (row, donor of its permuted cells): of all pairs, and of the pairs that a group of rows takes
 * no part in, neither as row nor as donor.
 *
 * Leaving out rows only would miss half of what varies: another sample would bring other donors as well. Dropping
 * both sides is the jackknife of a two-sample statistic.
 */
export function scoreByGroups<L>(
  form: MetricForm<L>,
  labels: readonly L[],
  scored: PermutedRows,
  groups: { readonly of: Uint32Array; readonly count: number },
): GroupScores {
  return form.kind === 'means'
    ? scoreMeans(form, labels, scored, groups)
    : scoreWhole(form.score, labels, scored, groups);
}

function scoreMeans<L>(
  form: MetricForm<L> & { readonly kind: 'means' },
  labels: readonly L[],
  { donors, predictions }: PermutedRows,
  groups: { readonly of: Uint32Array; readonly count: number },
) {
  const total = new Float64Array(form.width);
  const touching = Array.from({ length: groups.count }, () => new Float64Array(form.width));
  const touchedRows = new Float64Array(groups.count);
  const single = new Float64Array(form.width);
  const addTo = (sums: Float64Array) => {
    for (let at = 0; at < single.length; at += 1) sums[at] = sums[at]! + single[at]!;
  };
  for (let row = 0; row < labels.length; row += 1) {
    single.fill(0);
    form.addRow(labels[row]!, predictions[row]!, single);
    addTo(total);
    const own = groups.of[row]!;
    const donor = groups.of[donors[row]!]!;
    addTo(touching[own]!);
    touchedRows[own] = touchedRows[own]! + 1;
    if (donor === own) continue;
    addTo(touching[donor]!);
    touchedRows[donor] = touchedRows[donor]! + 1;
  }
  const meanOf = (sums: Float64Array, count: number) =>
    count > 0 ? form.finish(sums.map((sum) => sum / count)) : null;
  return {
    all: meanOf(total, labels.length),
    without: touching.map((sums, group) =>
      meanOf(
        total.map((sum, at) => sum - sums[at]!),
        labels.length - touchedRows[group]!,
      ),
    ),
  };
}

function scoreWhole<L>(
  score: (labels: readonly L[], predictions: Float64Array) => number | null,
  labels: readonly L[],
  { donors, predictions }: PermutedRows,
  groups: { readonly of: Uint32Array; readonly count: number },
) {
  const without = Array.from({ length: groups.count }, (_, group) => {
    const kept: L[] = [];
    const scores: number[] = [];
    for (let row = 0; row < labels.length; row += 1) {
      if (groups.of[row] === group || groups.of[donors[row]!] === group) continue;
      kept.push(labels[row]!);
      scores.push(predictions[row]!);
    }
    return finiteOrNull(kept.length > 0 ? score(kept, Float64Array.from(scores)) : null);
  });
  return { all: finiteOrNull(score(labels, predictions)), without };
}

function finiteOrNull(value: number | null): number | null {
  return value !== null && Number.isFinite(value) ? value : null;
}
