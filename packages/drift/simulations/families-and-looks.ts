// Many features at once, and the same features again and again.
import { levelForLook, type ReferenceColumn } from '../src/index.ts';
import { drawCounts } from './generators.ts';
import { assess, buildProfile, continuousFeature, createSources, windowOfCounts } from './scenario.ts';

export interface FamilyResult {
  readonly runs: number;
  /** Mean share of false alarms among the alarms (0 when there are none). */
  readonly falseDiscoveryRate: number;
  readonly falseDiscoveryError: number;
  /** Share of truly drifted features found. */
  readonly power: number;
  readonly anyFalseAlarm: number;
}

/** `drifted` of `features` features shift by `shift` standard deviations; the rest stay. */
export function simulateFamily(
  features: number,
  drifted: number,
  shift: number,
  runs: number,
  seed: number,
  falseAlarmRate = 0.05,
): FamilyResult {
  const { normal } = createSources(seed);
  const proportions: number[] = [];
  let found = 0;
  let anyFalseAlarm = 0;
  for (let run = 0; run < runs; run += 1) {
    const columns: Record<string, ReferenceColumn> = {};
    for (let k = 0; k < features; k += 1) {
      columns[`f${k}`] = { kind: 'numeric', values: Float64Array.from({ length: 1_000 }, normal) };
    }
    const profile = buildProfile(columns);
    const cells = profile.features.map(({ reference }, k) => {
      if (reference.kind !== 'numeric') throw new Error('numeric feature expected');
      const counts = new Float64Array(reference.counts.length);
      for (let row = 0; row < 500; row += 1) {
        const value = normal() + (k < drifted ? shift : 0);
        let cell = 0;
        let high = reference.edges.length;
        while (cell < high) {
          const middle = (cell + high) >>> 1;
          if (reference.edges[middle]! < value) cell = middle + 1;
          else high = middle;
        }
        counts[cell] = counts[cell]! + 1;
      }
      return counts;
    });
    // Without a minimum effect, so that the correction alone carries the rate.
    const none = { distribution: 0, outOfRange: 0, newCategories: 0, missing: 0 };
    const report = assess(windowOfCounts(profile, cells), { falseAlarmRate, minimumEffect: none });
    const wrong = report.driftedFeatures.filter((name) => Number(name.slice(1)) >= drifted).length;
    proportions.push(report.driftedFeatures.length > 0 ? wrong / report.driftedFeatures.length : 0);
    found += report.driftedFeatures.length - wrong;
    if (wrong > 0) anyFalseAlarm += 1;
  }
  const mean = proportions.reduce((sum, p) => sum + p, 0) / runs;
  const variance = proportions.reduce((sum, p) => sum + (p - mean) ** 2, 0) / (runs - 1);
  return {
    runs,
    falseDiscoveryRate: mean,
    falseDiscoveryError: Math.sqrt(variance / runs),
    power: drifted > 0 ? found / (drifted * runs) : Number.NaN,
    anyFalseAlarm: anyFalseAlarm / runs,
  };
}

export interface LookResult {
  readonly runs: number;
  readonly looks: number;
  /** Share of runs with any false alarm under each plan. */
  readonly horizon: number;
  readonly unlimited: number;
  readonly eachLook: number;
}

/** One feature, one reference, `looks` windows of 1,000 rows without drift. */
export function simulateLooks(looks: number, runs: number, seed: number, falseAlarmRate = 0.05): LookResult {
  const { random, normal } = createSources(seed);
  const plans = [{ kind: 'horizon', looks }, { kind: 'unlimited' }, { kind: 'each-look' }] as const;
  const levels = plans.map((plan) =>
    Array.from({ length: looks }, (_, index) => {
      const level = levelForLook(falseAlarmRate, plan, index + 1);
      if (!level.ok) throw new Error(level.needed);
      return level.level;
    }),
  );
  const alarmed = plans.map(() => 0);
  for (let run = 0; run < runs; run += 1) {
    const profile = buildProfile({ x: continuousFeature.reference(2_000, random) });
    const shares = continuousFeature.cellShares(profile.features[0]!.reference);
    const isAlarmed = plans.map(() => false);
    for (let look = 0; look < looks; look += 1) {
      const window = windowOfCounts(profile, [drawCounts(random, normal, 1_000, shares)]);
      const { pValue } = assess(window, { correction: 'none' }).features[0]!;
      plans.forEach((_, k) => {
        if (pValue! <= levels[k]![look]!) isAlarmed[k] = true;
      });
    }
    isAlarmed.forEach((value, k) => {
      if (value) alarmed[k] = alarmed[k]! + 1;
    });
  }
  const [horizon, unlimited, eachLook] = alarmed.map((count) => count / runs) as [number, number, number];
  return { runs, looks, horizon, unlimited, eachLook };
}
