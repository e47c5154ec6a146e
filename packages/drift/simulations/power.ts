// Real changes: how often are they found, with every default in place?
import { type AssessOptions, createDriftWindow, type FeatureVerdict, type ReferenceColumn } from '../src/index.ts';
import { assess, buildProfile, createSources, type Sources } from './scenario.ts';

export interface PowerRow {
  readonly change: string;
  readonly target: string;
  /** The target as the share of runs that it allows; none where none is set. */
  readonly band: readonly [low: number, high: number] | undefined;
  readonly runs: number;
  readonly found: number;
}

const BANDS: Readonly<Record<string, readonly [number, number]>> = {
  '≥ 0.90': [0.9, 1],
  '≥ 0.95': [0.95, 1],
  'no more than the false-alarm rate 0.01': [0, 0.01],
  '0': [0, 0],
};

function simulate(
  runs: number,
  reference: () => ReferenceColumn,
  current: () => ArrayLike<number | string>,
  options: AssessOptions = {},
): number {
  let found = 0;
  for (let run = 0; run < runs; run += 1) {
    const profile = buildProfile({ x: reference() });
    const created = createDriftWindow(profile);
    if (!created.ok) throw new Error(created.needed);
    created.window.addValues('x', current());
    const verdict: FeatureVerdict = assess(created.window, options).features[0]!;
    if (verdict.status === 'drifted') found += 1;
  }
  return found;
}

export function simulatePower(runs: number, seed: number): PowerRow[] {
  const { random, normal }: Sources = createSources(seed);
  const normals = (size: number, shift = 0, scale = 1): Float64Array =>
    Float64Array.from({ length: size }, () => normal() * scale + shift);
  const pick = (size: number, newShare: number): string[] =>
    Array.from({ length: size }, () => {
      if (random() < newShare) return 'new';
      const u = random();
      return u < 0.5 ? 'a' : u < 0.8 ? 'b' : 'c';
    });
  const numeric = (size: number): ReferenceColumn => ({ kind: 'numeric', values: normals(size) });
  const category = (size: number): ReferenceColumn => ({ kind: 'categorical', values: pick(size, 0) });
  const rows: [string, string, () => number][] = [
    [
      'mean + 0.25 sd, 1,000 v 5,000 rows',
      '≥ 0.90',
      () =>
        simulate(
          runs,
          () => numeric(5_000),
          () => normals(1_000, 0.25),
        ),
    ],
    [
      'mean + 0.25 sd, 1,000 v 5,000 rows, Kolmogorov–Smirnov',
      '≥ 0.90',
      () =>
        simulate(
          runs,
          () => numeric(5_000),
          () => normals(1_000, 0.25),
          { numericRule: 'kolmogorov-smirnov' },
        ),
    ],
    [
      'mean + 0.1 sd, 5,000 v 50,000 rows',
      '≥ 0.95',
      () =>
        simulate(
          runs,
          () => numeric(50_000),
          () => normals(5_000, 0.1),
        ),
    ],
    [
      'spread × 1.25, 1,000 v 5,000 rows',
      '(none set)',
      () =>
        simulate(
          runs,
          () => numeric(5_000),
          () => normals(1_000, 0, 1.25),
        ),
    ],
    [
      'a new category of 1 %, 1,000 v 5,000 rows',
      '≥ 0.95',
      () =>
        simulate(
          runs,
          () => category(5_000),
          () => pick(1_000, 0.01),
        ),
    ],
    [
      'one row of a new category, 1,000 v 5,000 rows',
      'no more than the false-alarm rate 0.01',
      () =>
        simulate(
          runs,
          () => category(5_000),
          () => {
            const values = pick(1_000, 0);
            values[0] = 'new';
            return values;
          },
        ),
    ],
    [
      'mean + 0.01 sd, 1,000,000 v 1,000,000 rows (below the minimum effect)',
      '0',
      () =>
        simulate(
          Math.max(3, Math.round(runs / 50)),
          () => numeric(1_000_000),
          () => normals(1_000_000, 0.01),
        ),
    ],
  ];
  return rows.map(([change, target, run], k) => ({
    change,
    target,
    band: BANDS[target],
    runs: k === rows.length - 1 ? Math.max(3, Math.round(runs / 50)) : runs,
    found: run(),
  }));
}
