import { BUCKET_COUNT } from './assignment.ts';

/** Buckets from `start` to `end` (not included) belong to the arm at index `arm`. */
export interface HashRange {
  readonly start: number;
  readonly end: number;
  readonly arm: number;
}

/**
 * Deals the buckets to arms so that few units move when weights change, without remembering earlier weights.
 *
 * Each arm has an anchor (0, 1/2, 1/4, 3/4, 1/8, … by its position) and fills upwards from it until it meets
 * the next anchor; what it still lacks it takes from the free buckets that follow, in the order of the anchors.
 * So the ranges of an arm are nested: with more weight it keeps what it had. Consequences, each a test:
 * - two arms: exactly the change of weight moves, which is the least possible;
 * - several arms grow or shrink at the expense of one: the least possible too;
 * - an appended arm of small weight takes little more than its own share, because anchors never shift;
 * - an arm of weight 0 owns nothing and changes nothing.
 * No stateless rule is optimal for every change of three or more arms (three 50/50 pairs cannot agree pairwise).
 *
 * @param weights one per arm, non-negative, summing to 1
 * @returns ranges in ascending order that cover all buckets; shares are exact to a millionth
 */
export function allocateRanges(weights: readonly number[], bucketCount = BUCKET_COUNT): HashRange[] {
  const counts = apportion(weights, bucketCount);
  const arms = counts
    .map((count, arm) => ({ arm, lacking: count, anchor: Math.floor(radicalInverse(arm) * bucketCount) }))
    .filter((one) => one.lacking > 0)
    .sort((left, right) => left.anchor - right.anchor);

  const taken: HashRange[] = [];
  const free: { start: number; end: number }[] = [];
  const first = arms[0];
  // The stretch before the lowest anchor belongs to the run of the highest one, around the corner.
  if (first !== undefined && first.anchor > 0) free.push({ start: 0, end: first.anchor });
  arms.forEach((one, index) => {
    const limit = arms[index + 1]?.anchor ?? bucketCount;
    const end = Math.min(one.anchor + one.lacking, limit);
    if (end > one.anchor) taken.push({ start: one.anchor, end, arm: one.arm });
    one.lacking -= end - one.anchor;
    if (end < limit) free.push({ start: end, end: limit });
  });

  for (const one of arms) {
    const following = [
      ...free.filter((gap) => gap.start >= one.anchor),
      ...free.filter((gap) => gap.start < one.anchor),
    ];
    for (const gap of following) {
      if (one.lacking === 0) break;
      const size = Math.min(one.lacking, gap.end - gap.start);
      if (size === 0) continue;
      taken.push({ start: gap.start, end: gap.start + size, arm: one.arm });
      gap.start += size;
      one.lacking -= size;
    }
  }
  return mergeNeighbours(taken.sort((left, right) => left.start - right.start));
}

/** Whole buckets per arm, summing exactly to bucketCount (largest remainders, earlier arms first). */
function apportion(weights: readonly number[], bucketCount: number): number[] {
  const exact = weights.map((weight) => weight * bucketCount);
  const counts = exact.map((value) => Math.floor(value + 1e-6));
  let left = bucketCount - counts.reduce((sum, count) => sum + count, 0);
  const byRemainder = exact
    .map((value, arm) => ({ arm, remainder: value - (counts[arm] as number) }))
    .filter((one) => (weights[one.arm] as number) > 0)
    .sort((a, b) => b.remainder - a.remainder || a.arm - b.arm);
  for (let index = 0; left > 0 && byRemainder.length > 0; index += 1, left -= 1) {
    const { arm } = byRemainder[index % byRemainder.length] as { arm: number };
    counts[arm] = (counts[arm] as number) + 1;
  }
  return counts;
}

/** Van der Corput sequence in base 2: 0, 1/2, 1/4, 3/4, 1/8, 5/8, … */
function radicalInverse(index: number): number {
  let result = 0;
  let digit = 0.5;
  for (let rest = index; rest > 0; rest >>= 1, digit /= 2) {
    if ((rest & 1) === 1) result += digit;
  }
  return result;
}

function mergeNeighbours(ranges: readonly HashRange[]): HashRange[] {
  const merged: HashRange[] = [];
  for (const range of ranges) {
    const last = merged.at(-1);
    if (last !== undefined && last.arm === range.arm && last.end === range.start) {
      merged[merged.length - 1] = { start: last.start, end: range.end, arm: range.arm };
    } else {
      merged.push(range);
    }
  }
  return merged;
}

/** The arm that owns a bucket. `ranges` are those of {@link allocateRanges}. */
export function armOfBucket(ranges: readonly HashRange[], bucket: number): number {
  let low = 0;
  let high = ranges.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((ranges[middle] as HashRange).start <= bucket) low = middle;
    else high = middle - 1;
  }
  return (ranges[low] as HashRange).arm;
}

/** The share of all buckets that each arm owns: the probability with which a random unit gets it. */
export function sharesOf(ranges: readonly HashRange[], armCount: number, bucketCount = BUCKET_COUNT): number[] {
  const owned = new Array<number>(armCount).fill(0);
  for (const range of ranges) owned[range.arm] = (owned[range.arm] as number) + range.end - range.start;
  return owned.map((count) => count / bucketCount);
}
