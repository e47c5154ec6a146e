// Profiles and windows for the simulations, through the package's own code.
import {
  type AssessOptions,
  assessDrift,
  buildReferenceProfile,
  type DriftReport,
  type DriftWindow,
  decodeDriftWindow,
  type RandomSource,
  type ReferenceColumn,
  type ReferenceProfile,
} from '../src/index.ts';
import { encodeCounts, hashProfile } from '../src/profile/profile-bytes.ts';
import { createNormal, createRandom, drawCounts } from './generators.ts';

/** One simulated feature: how reference rows are drawn, and the probability of each profile cell without drift. */
export interface SimulatedFeature {
  readonly name: string;
  reference(size: number, random: RandomSource): ReferenceColumn;
  cellShares(profile: ReferenceProfile['features'][number]['reference']): Float64Array;
}

/** Uniform numbers: every continuous feature behaves the same, because bins are quantiles. */
export const continuousFeature: SimulatedFeature = {
  name: 'continuous, 64 bins',
  reference: (size, random) => ({ kind: 'numeric', values: Float64Array.from({ length: size }, random) }),
  cellShares(reference) {
    if (reference.kind !== 'numeric') throw new Error('numeric feature expected');
    let below = 0;
    return Float64Array.from(reference.counts, (_, cell) => {
      const top = cell < reference.edges.length ? reference.edges[cell]! : 1;
      const share = Math.max(0, top - below);
      below = top;
      return share;
    });
  },
};

/** Whole numbers 0 … distinct - 1 with falling shares. */
export function discreteFeature(distinct: number): SimulatedFeature {
  const shares = fallingShares(distinct);
  return {
    name: `numeric, ${distinct} distinct values`,
    reference(size, random) {
      const values = new Float64Array(size);
      const normal = createNormal(random);
      let position = 0;
      drawCounts(random, normal, size, shares).forEach((count, value) => {
        values.fill(value, position, position + count);
        position += count;
      });
      return { kind: 'numeric', values };
    },
    cellShares(reference) {
      if (reference.kind !== 'numeric') throw new Error('numeric feature expected');
      const result = new Float64Array(reference.counts.length);
      shares.forEach((share, value) => {
        let cell = 0;
        while (cell < reference.edges.length && reference.edges[cell]! < value) cell += 1;
        result[cell] = result[cell]! + share;
      });
      return result;
    },
  };
}

/** Categories with shares falling like 1/rank. */
export function categoricalFeature(categories: number): SimulatedFeature {
  const shares = fallingShares(categories);
  const names = Array.from(shares, (_, k) => `c${String(k).padStart(5, '0')}`);
  const position = new Map(names.map((name, k) => [name, k]));
  const cumulative = new Float64Array(categories);
  shares.reduce((sum, share, k) => {
    cumulative[k] = sum + share;
    return cumulative[k]!;
  }, 0);
  return {
    name: `categorical, ${categories} categories`,
    reference: (size, random) => ({
      kind: 'categorical',
      // Row by row, because a reference with rare categories is split by row.
      values: Array.from({ length: size }, () => names[lowerBound(cumulative, random())]!),
    }),
    cellShares(reference) {
      if (reference.kind !== 'categorical') throw new Error('categorical feature expected');
      const listed = reference.categories.map((category) => shares[position.get(category)!]!);
      return Float64Array.from([...listed, Math.max(0, 1 - listed.reduce((sum, share) => sum + share, 0))]);
    },
  };
}

function fallingShares(size: number): Float64Array {
  const weights = Float64Array.from({ length: size }, (_, k) => 1 / (k + 1));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

function lowerBound(cumulative: Float64Array, value: number): number {
  let low = 0;
  let high = cumulative.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (cumulative[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function buildProfile(columns: Record<string, ReferenceColumn>): ReferenceProfile {
  const built = buildReferenceProfile(columns);
  if (!built.ok) throw new Error(`${built.reason}: ${built.needed}; ${built.have}`);
  return built.profile;
}

/** A window whose cells hold these counts, in profile order; nothing is missing. */
export function windowOfCounts(profile: ReferenceProfile, cells: readonly Float64Array[]): DriftWindow {
  const size = cells.reduce((sum, counts) => sum + counts.length + 1, 0);
  const all = new Float64Array(size);
  let offset = 0;
  for (const counts of cells) {
    all.set(counts, offset);
    offset += counts.length + 1;
  }
  const decoded = decodeDriftWindow(profile, encodeCounts(hashProfile(profile), all));
  if (!decoded.ok) throw new Error(decoded.needed);
  return decoded.window;
}

export function assess(window: DriftWindow, options: AssessOptions): DriftReport {
  const report = assessDrift(window, options);
  if (!report.ok) throw new Error(`${report.reason}: ${report.needed}; ${report.have}`);
  return report;
}

export interface Sources {
  readonly random: RandomSource;
  readonly normal: () => number;
}

export function createSources(seed: number): Sources {
  const random = createRandom(seed);
  return { random, normal: createNormal(random) };
}

/** "0.0098 ± 0.0003": a rate with its Monte Carlo standard error. */
export function rate(hits: number, runs: number): string {
  const share = hits / runs;
  const error = Math.sqrt(Math.max(share * (1 - share), 1 / runs / runs) / runs);
  return `${share.toPrecision(3)} ± ${error.toPrecision(1)}`;
}
