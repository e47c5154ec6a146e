import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ASSIGNMENT_SPEC_VERSION,
  allocateRanges,
  armOfBucket,
  assignmentSalt,
  BUCKET_COUNT,
  bucketOf,
  inclusionSalt,
  isIncluded,
  murmur3,
  sharesOf,
} from '../src/index.ts';

interface Vectors {
  specVersion: number;
  bucketCount: number;
  murmur3: { text: string; seed: number; hash: number }[];
  buckets: { salt: string; unit: string; bucketCount: number; bucket: number }[];
  ranges: { weights: number[]; bucketCount: number; ranges: [number, number, number][] }[];
}
const vectors: Vectors = JSON.parse(readFileSync(new URL('../vectors/assignment.json', import.meta.url), 'utf8'));

describe('published assignment vectors', () => {
  it('has the version that this package implements', () => {
    expect(vectors.specVersion).toBe(ASSIGNMENT_SPEC_VERSION);
    expect(vectors.bucketCount).toBe(BUCKET_COUNT);
  });

  it('hashes as the vectors say', () => {
    for (const { text, seed, hash } of vectors.murmur3) expect(murmur3(text, seed), `${text} ${seed}`).toBe(hash);
    expect(murmur3('', 1)).toBe(0x514e28b7);
    expect(murmur3('The quick brown fox jumps over the lazy dog')).toBe(0x2e4ff723);
    expect(murmur3('exp-1:user-42')).toBe(2_702_215_334);
  });

  it('finds buckets as the vectors say', () => {
    for (const { salt, unit, bucketCount, bucket } of vectors.buckets) {
      expect(bucketOf(salt, unit, bucketCount), `${salt} ${unit}`).toBe(bucket);
    }
    expect(bucketOf('exp-1', 'user-42', 100)).toBe(62);
    expect(bucketOf('exp-1', 'user-42', 100_000)).toBe(62_915);
  });

  it('deals ranges as the vectors say', () => {
    for (const { weights, bucketCount, ranges } of vectors.ranges) {
      const dealt = allocateRanges(weights, bucketCount).map(({ start, end, arm }) => [start, end, arm]);
      expect(dealt, `${weights}`).toEqual(ranges);
    }
  });
});

it('hashes a lone surrogate as U+FFFD, like every UTF-8 encoder', () => {
  expect(murmur3('a\ud800b')).toBe(murmur3('a\ufffdb'));
});

const weightsOf = (parts: readonly number[]) => {
  const sum = parts.reduce((total, part) => total + part, 0);
  return parts.map((part) => part / sum);
};
const anyWeights = (minLength: number, maxLength: number) =>
  fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength, maxLength }).map(weightsOf);

/** Buckets whose owner differs. */
function movedBuckets(before: readonly number[], after: readonly number[]): number {
  const left = allocateRanges(before);
  const right = allocateRanges(after);
  const edges = [...new Set([...left, ...right].flatMap(({ start, end }) => [start, end]))].sort((a, b) => a - b);
  let moved = 0;
  edges.slice(0, -1).forEach((edge, index) => {
    if (armOfBucket(left, edge) !== armOfBucket(right, edge)) moved += (edges[index + 1] as number) - edge;
  });
  return moved;
}
/** No rule can move less than this: half the sum of the differences. */
function leastMovable(before: readonly number[], after: readonly number[]): number {
  const left = sharesOf(allocateRanges(before), before.length);
  const right = sharesOf(allocateRanges(after), after.length);
  return Math.round(
    (left.reduce((sum, share, arm) => sum + Math.abs(share - (right[arm] ?? 0)), 0) / 2) * BUCKET_COUNT,
  );
}

describe('ranges', () => {
  it('cover every bucket once, with shares exact to a millionth', () => {
    fc.assert(
      fc.property(anyWeights(1, 30), (weights) => {
        const ranges = allocateRanges(weights);
        expect(ranges[0]?.start).toBe(0);
        expect(ranges.at(-1)?.end).toBe(BUCKET_COUNT);
        for (let index = 1; index < ranges.length; index += 1) {
          expect(ranges[index]?.start).toBe(ranges[index - 1]?.end);
        }
        sharesOf(ranges, weights.length).forEach((share, arm) => {
          expect(Math.abs(share - (weights[arm] as number))).toBeLessThanOrEqual(1.000001 / BUCKET_COUNT);
        });
      }),
    );
  });

  it('give simple weights exactly', () => {
    expect(sharesOf(allocateRanges([0.7, 0.2, 0.1]), 3)).toEqual([0.7, 0.2, 0.1]);
    expect(sharesOf(allocateRanges([0.999999, 0.000001]), 2)).toEqual([0.999999, 0.000001]);
    expect(sharesOf(allocateRanges([0, 1]), 2)).toEqual([0, 1]);
  });

  it('move the least possible between two arms', () => {
    fc.assert(
      fc.property(anyWeights(2, 2), anyWeights(2, 2), (before, after) => {
        expect(movedBuckets(before, after)).toBe(leastMovable(before, after));
      }),
    );
  });

  it('move the least possible when treatments grow at the expense of one control', () => {
    const ramp = [0.01, 0.05, 0.1, 0.2, 0.25];
    for (let step = 1; step < ramp.length; step += 1) {
      const [small, large] = [ramp[step - 1] as number, ramp[step] as number];
      const before = [1 - 2 * small, small, small];
      const after = [1 - 2 * large, large, large];
      expect(movedBuckets(before, after)).toBe(leastMovable(before, after));
    }
  });

  it('move at most twice the least possible among three arms', () => {
    fc.assert(
      fc.property(anyWeights(3, 3), anyWeights(3, 3), (before, after) => {
        expect(movedBuckets(before, after)).toBeLessThanOrEqual(2 * leastMovable(before, after) + 2);
      }),
      { numRuns: 500 },
    );
  });

  it('let an arm of weight 0 change nothing', () => {
    expect(movedBuckets([0.6, 0.4], [0.6, 0.4, 0])).toBe(0);
    expect(movedBuckets([0.6, 0.4, 0], [0.6, 0.4, 0, 0])).toBe(0);
  });

  it('let an appended arm take little more than its share', () => {
    expect(movedBuckets([0.5, 0.5], [0.45, 0.45, 0.1])).toBeLessThanOrEqual(150_000);
    expect(movedBuckets([0.5, 0.5], [0.5, 0.4, 0.1])).toBeLessThanOrEqual(200_000);
  });

  it('give each bucket the arm of the range it lies in', () => {
    fc.assert(
      fc.property(anyWeights(1, 12), fc.integer({ min: 0, max: BUCKET_COUNT - 1 }), (weights, bucket) => {
        const ranges = allocateRanges(weights);
        const owner = ranges.find(({ start, end }) => bucket >= start && bucket < end);
        expect(armOfBucket(ranges, bucket)).toBe(owner?.arm);
      }),
    );
  });
});

/** Pearson's statistic of observed counts against expected shares. */
function chiSquare(counts: readonly number[], shares: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.reduce((sum, count, arm) => {
    const expected = total * (shares[arm] as number);
    return sum + (count - expected) ** 2 / expected;
  }, 0);
}

describe('over a million units', () => {
  const units = 1_000_000;

  it('splits as the weights say (chi-square, 1e6 keys)', () => {
    const weights = [0.5, 0.3, 0.15, 0.05];
    const ranges = allocateRanges(weights);
    const counts = [0, 0, 0, 0];
    const salt = assignmentSalt('chi-square');
    for (let unit = 0; unit < units; unit += 1) {
      const arm = armOfBucket(ranges, bucketOf(salt, `user-${unit}`));
      counts[arm] = (counts[arm] as number) + 1;
    }
    // 16.27 is the 0.999 quantile of chi-square with 3 degrees of freedom.
    expect(chiSquare(counts, weights)).toBeLessThan(16.27);
  });

  it('assigns the units that are let in independently of being let in', () => {
    const ranges = allocateRanges([0.5, 0.5]);
    const counts = [0, 0];
    let included = 0;
    for (let unit = 0; unit < units; unit += 1) {
      if (!isIncluded('half', `user-${unit}`, 0.1)) continue;
      included += 1;
      const arm = armOfBucket(ranges, bucketOf(assignmentSalt('half'), `user-${unit}`));
      counts[arm] = (counts[arm] as number) + 1;
    }
    expect(chiSquare([included, units - included], [0.1, 0.9])).toBeLessThan(10.83);
    expect(chiSquare(counts, [0.5, 0.5])).toBeLessThan(10.83);
  });
});

it('keeps every unit that was let in when more are', () => {
  fc.assert(
    fc.property(fc.string(), fc.double({ min: 0, max: 1, noNaN: true }), (unit, share) => {
      if (isIncluded('ramp', unit, share)) expect(isIncluded('ramp', unit, Math.min(1, share + 0.1))).toBe(true);
      expect(isIncluded('ramp', unit, 1)).toBe(true);
      expect(isIncluded('ramp', unit, 0)).toBe(false);
    }),
  );
  expect(inclusionSalt('ramp')).not.toBe(assignmentSalt('ramp'));
});
