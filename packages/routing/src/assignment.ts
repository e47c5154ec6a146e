import { murmur3 } from './murmur3.ts';

/** Shares are dealt in millionths: the smallest share that can be assigned is 1 / BUCKET_COUNT. */
export const BUCKET_COUNT = 1_000_000;

/** Version of the assignment rule: units keep their arms as long as it stays the same. */
export const ASSIGNMENT_SPEC_VERSION = 1;

/**
 * The bucket of a unit, 0 to bucketCount − 1: floor(h · W / 2³²) with h = murmur3 x86 32 of `salt:unit`.
 * Exact in plain numbers for W ≤ 2²¹, because then h · W < 2⁵³.
 */
export function bucketOf(salt: string, unit: string, bucketCount = BUCKET_COUNT): number {
  return Math.floor((murmur3(`${salt}:${unit}`) * bucketCount) / 4_294_967_296);
}

/** Salt for "which arm?". It differs from the inclusion salt so that the units let in spread over all arms. */
export function assignmentSalt(salt: string): string {
  return `${salt}:assign`;
}

/** Salt for "is this unit part of it at all?". */
export function inclusionSalt(salt: string): string {
  return `${salt}:inclusion`;
}

/** Whether a unit is among the `share` (0 to 1) that is let in. Raising the share never drops a unit. */
export function isIncluded(salt: string, unit: string, share: number): boolean {
  return bucketOf(inclusionSalt(salt), unit) < Math.round(share * BUCKET_COUNT);
}
