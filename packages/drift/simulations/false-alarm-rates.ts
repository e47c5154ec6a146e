// No drift: how often does one feature alarm, at every window size?
import { criticalDistance, hellinger, jensenShannon, populationStabilityIndex } from '../src/index.ts';
import { drawCounts } from './generators.ts';
import {
  assess,
  buildProfile,
  categoricalFeature,
  continuousFeature,
  createSources,
  discreteFeature,
  type SimulatedFeature,
  windowOfCounts,
} from './scenario.ts';

export const LEVELS = [0.05, 0.01, 0.001] as const;

export interface RateRow {
  readonly label: string;
  readonly referenceSize: number;
  readonly windowSize: number;
  readonly windows: number;
  /** Alarms at each of LEVELS. */
  readonly alarms: number[];
}

/**
 * p-values of one feature over windows without drift. Every window gets a fresh reference unless it is so small that
 * the reference's own luck hardly counts; then five share one.
 */
export function simulateRate(
  feature: SimulatedFeature,
  rule: 'binned' | 'kolmogorov-smirnov',
  referenceSize: number,
  windowSize: number,
  windows: number,
  seed: number,
): RateRow {
  const { random, normal } = createSources(seed);
  const alarms = LEVELS.map(() => 0);
  const sharing = windowSize * 5 <= referenceSize ? 5 : 1;
  for (let done = 0; done < windows; done += sharing) {
    const profile = buildProfile({ x: feature.reference(referenceSize, random) });
    const shares = feature.cellShares(profile.features[0]!.reference);
    for (let k = 0; k < sharing; k += 1) {
      const window = windowOfCounts(profile, [drawCounts(random, normal, windowSize, shares)]);
      const { pValue } = assess(window, { numericRule: rule, correction: 'none' }).features[0]!;
      LEVELS.forEach((level, i) => {
        if (pValue! <= level) alarms[i] = alarms[i]! + 1;
      });
    }
  }
  const label = rule === 'binned' ? feature.name : `${feature.name}, Kolmogorov–Smirnov`;
  return { label, referenceSize, windowSize, windows, alarms };
}

export const RATE_SCENARIOS: readonly (readonly [SimulatedFeature, 'binned' | 'kolmogorov-smirnov'])[] = [
  [continuousFeature, 'binned'],
  [continuousFeature, 'kolmogorov-smirnov'],
  [discreteFeature(5), 'binned'],
  [categoricalFeature(2), 'binned'],
  [categoricalFeature(5), 'binned'],
  [categoricalFeature(30), 'binned'],
  [categoricalFeature(1_000), 'binned'],
];

export const WINDOW_SIZES = [50, 100, 200, 500, 1_000, 10_000, 100_000, 1_000_000] as const;

export interface DistanceRow {
  readonly distance: string;
  readonly windowSize: number;
  readonly windows: number;
  readonly overCritical: number;
  readonly overFixed: number;
}

/** Ten equal bins: exceedances of the size-aware critical distance at 1 %, and of the customary fixed threshold 0.1. */
export function simulateDistances(
  referenceSize: number,
  windowSize: number,
  windows: number,
  seed: number,
): DistanceRow[] {
  const { random, normal } = createSources(seed);
  const shares = new Float64Array(10).fill(0.1);
  const distances = [
    ['population-stability-index', populationStabilityIndex],
    ['jensen-shannon', jensenShannon],
    ['hellinger', hellinger],
  ] as const;
  const over = distances.map(() => [0, 0] as [number, number]);
  const criticals = distances.map(([name]) => {
    const answer = criticalDistance(name, { cells: 10, referenceSize, currentSize: windowSize });
    if (!answer.ok) throw new Error(answer.needed);
    return answer.critical;
  });
  for (let k = 0; k < windows; k += 1) {
    const reference = drawCounts(random, normal, referenceSize, shares);
    const current = drawCounts(random, normal, windowSize, shares);
    distances.forEach(([, measure], i) => {
      const answer = measure(reference, current);
      if (!answer.ok) throw new Error(answer.needed);
      if (answer.distance > criticals[i]!) over[i]![0] += 1;
      if (answer.distance > 0.1) over[i]![1] += 1;
    });
  }
  return distances.map(([distance], i) => ({
    distance,
    windowSize,
    windows,
    overCritical: over[i]![0],
    overFixed: over[i]![1],
  }));
}
