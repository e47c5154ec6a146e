import { type Answer, type Refusal, refuse } from '../refusal.ts';
import { checkProfile } from './check-profile.ts';
import { decodeCounts, encodeCounts, hashProfile } from './profile-bytes.ts';
import { cellCount, type FeatureReference, type ReferenceProfile } from './reference-profile.ts';

export type FeatureValue = number | string | boolean | null | undefined;

/**
 * Live counts of the rows of one window over the cells of a profile. Whole numbers only: adding, merging and
 * subtracting are exact and give the same bytes in any order (up to 2⁵³ rows). Memory does not grow with rows.
 */
export interface DriftWindow {
  readonly profile: ReferenceProfile;
  /** Counts one row; features it lacks count as missing. O(log bins) per feature. */
  addRow(row: Readonly<Record<string, FeatureValue>>): void;
  /** Counts many values of one feature. Refuses an unknown feature. */
  addValues(feature: string, values: ArrayLike<FeatureValue>): { readonly ok: true } | Refusal;
  /** Adds the counts of another window of the same profile. Refuses a window of another profile. */
  merge(other: DriftWindow): { readonly ok: true } | Refusal;
  /** Takes the counts of an earlier, contained window out again: sliding windows from running totals. */
  subtract(other: DriftWindow): { readonly ok: true } | Refusal;
  /** Rows per cell of the feature and how many were missing. Refuses an unknown feature. */
  countsOf(feature: string): Answer<{ cells: Float64Array; missing: number }>;
  toBytes(): Uint8Array;
}

interface Slot {
  readonly reference: FeatureReference;
  /** Position of the feature's first cell; its missing counter follows its last cell. */
  readonly offset: number;
  readonly positions: ReadonlyMap<string, number> | undefined;
}

/**
 * An empty window over the cells of a profile, to count later rows in: whole rows per cell of each feature, and missing
 * ones apart. A value beyond the reference falls into the outermost cell, a category outside the table into the cell of
 * the others; null, undefined and whatever is no number in a numeric feature count as missing. Counting assumes
 * nothing; what is made of the counts does (see `assessDrift`).
 * Refuses what is no profile of version 1 as it was built. `addRow` passes over features that the profile does not have; `addValues`
 * and `countsOf` refuse them. Source: definition.
 */
export function createDriftWindow(profile: ReferenceProfile): Answer<{ window: DriftWindow }> {
  const problem = checkProfile(profile);
  if (problem) return problem;
  return { ok: true, window: windowFrom(profile) };
}

/**
 * The window that `toBytes` wrote, with the same counts. Refuses what is no profile, bytes of another format or length,
 * bytes that their checksum does not fit (see `decodeProfile`), and bytes that carry another profile's hash (32-bit
 * FNV-1a). Source: definition, the format of `toBytes`.
 */
export function decodeDriftWindow(profile: ReferenceProfile, bytes: Uint8Array): Answer<{ window: DriftWindow }> {
  const empty = createDriftWindow(profile);
  if (!empty.ok) return empty;
  const size = profile.features.reduce((sum, { reference }) => sum + cellCount(reference) + 1, 0);
  const decoded = decodeCounts(bytes, hashProfile(profile), size);
  if (!decoded.ok) return decoded;
  return { ok: true, window: windowFrom(profile, decoded.counts) };
}

const countsByWindow = new WeakMap<DriftWindow, Float64Array>();

function windowFrom(profile: ReferenceProfile, initial?: Float64Array): DriftWindow {
  const slots = new Map<string, Slot>();
  let size = 0;
  for (const { name, reference } of profile.features) {
    const positions =
      reference.kind === 'categorical'
        ? new Map(reference.categories.map((category, position) => [category, position]))
        : undefined;
    slots.set(name, { reference, offset: size, positions });
    size += cellCount(reference) + 1;
  }
  const counts = initial ?? new Float64Array(size);
  const entries = [...slots];

  const combine = (other: DriftWindow, sign: 1 | -1): { ok: true } | Refusal => {
    const theirs = countsByWindow.get(other);
    if (!theirs) return refuse('invalid-input', 'a drift window', String(other));
    if (other.profile !== profile && hashProfile(other.profile) !== hashProfile(profile)) {
      return refuse('incompatible-profile', 'a window of the same profile', 'a window of another profile');
    }
    if (sign < 0) {
      for (let i = 0; i < size; i += 1) {
        if (theirs[i]! > counts[i]!) {
          return refuse('invalid-counts', 'a window contained in this one', 'more rows in some cell than here');
        }
      }
    }
    for (let i = 0; i < size; i += 1) counts[i] = counts[i]! + sign * theirs[i]!;
    return { ok: true };
  };

  const window: DriftWindow = {
    profile,
    addRow(row) {
      for (const [name, slot] of entries) {
        const cell = slot.offset + findCell(slot, row[name]);
        counts[cell] = counts[cell]! + 1;
      }
    },
    addValues(feature, values) {
      const slot = slots.get(feature);
      if (!slot) return unknownFeature(feature);
      if (typeof values?.length !== 'number') return refuse('invalid-input', 'an array of values', String(values));
      if (slot.reference.kind === 'numeric' && values instanceof Float64Array) {
        addNumbers(counts, slot.offset, slot.reference.edges, values);
        return { ok: true };
      }
      for (let index = 0; index < values.length; index += 1) {
        const cell = slot.offset + findCell(slot, values[index]);
        counts[cell] = counts[cell]! + 1;
      }
      return { ok: true };
    },
    merge: (other) => combine(other, 1),
    subtract: (other) => combine(other, -1),
    countsOf(feature) {
      const slot = slots.get(feature);
      if (!slot) return unknownFeature(feature);
      const end = slot.offset + cellCount(slot.reference);
      return { ok: true, cells: counts.slice(slot.offset, end), missing: counts[end]! };
    },
    toBytes: () => encodeCounts(hashProfile(profile), counts),
  };
  countsByWindow.set(window, counts);
  return window;
}

function unknownFeature(feature: string): Refusal {
  return refuse('unknown-feature', 'a feature of the profile', String(feature));
}

/** Position of a value's cell within its feature; the missing counter is the one after the last cell. */
function findCell(slot: Slot, value: FeatureValue): number {
  const { reference, positions } = slot;
  const missingCell = reference.counts.length;
  if (value === null || value === undefined) return missingCell;
  if (reference.kind === 'categorical') return positions!.get(String(value)) ?? reference.categories.length;
  const number = typeof value === 'number' ? value : Number.NaN;
  return Number.isNaN(number) ? missingCell : findBin(reference.edges, number);
}

/** Number of edges below the value: cells are closed above. */
function findBin(edges: Float64Array, value: number): number {
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (edges[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The hot loop: a search without branches that the processor would mispredict. */
function addNumbers(counts: Float64Array, offset: number, edges: Float64Array, values: Float64Array): void {
  const size = edges.length;
  // Padding to a power of two lets every value take the same number of steps.
  let steps = 1;
  while (steps < size + 1) steps *= 2;
  const padded = new Float64Array(steps).fill(Number.POSITIVE_INFINITY);
  padded.set(edges);
  const tally = new Uint32Array(steps + 1);
  const half = steps >>> 1;
  let missing = 0;
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index]!;
    let position = 0;
    for (let stride = half; stride > 0; stride >>>= 1) {
      position += padded[position + stride - 1]! < value ? stride : 0;
    }
    if (Number.isNaN(value)) missing += 1;
    else tally[position] = tally[position]! + 1;
  }
  for (let cell = 0; cell <= size; cell += 1) counts[offset + cell] = counts[offset + cell]! + tally[cell]!;
  counts[offset + size + 1] = counts[offset + size + 1]! + missing;
}
