import { failure, type Result } from '../result.ts';

export interface SpendComparison {
  /** Mean over the rows used, in the unit given. */
  readonly current: number;
  readonly candidate: number;
  readonly difference: number;
  /** Of 100 rows 95 are at most this. */
  readonly currentP95: number;
  readonly candidateP95: number;
}

/** What two sets of members cost over the given rows. `each` is one member in one row of the log. */
export function compareSpend(
  places: Uint32Array,
  [current, candidate]: readonly [readonly number[], readonly number[]],
  each: (member: number, row: number) => number,
  together: (values: readonly number[]) => number,
): Result<{ readonly spend: SpendComparison }> {
  const spentBy = (members: readonly number[]) =>
    Float64Array.from(places, (row) => together(members.map((member) => each(member, row)))).sort();
  const [now, then] = [spentBy(current), spentBy(candidate)];
  if (![...now, ...then].every((value) => value >= 0 && Number.isFinite(value)))
    return failure('not-finite', 'latencies that are finite and at least 0 in every row used');
  const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const p95 = (sorted: Float64Array) => sorted[Math.ceil(0.95 * sorted.length) - 1] as number;
  return {
    ok: true,
    spend: {
      current: mean(now),
      candidate: mean(then),
      difference: mean(then) - mean(now),
      currentP95: p95(now),
      candidateP95: p95(then),
    },
  };
}
