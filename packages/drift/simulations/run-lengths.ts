// Streams without drift: how long until a detector raises a false alarm?
import {
  createAdwin,
  createKswin,
  createPageHinkley,
  createRunLengthDetector,
  type DriftDetector,
} from '../src/index.ts';
import { createSources } from './scenario.ts';

export interface RunLengthRow {
  readonly referenceSize: number;
  readonly expected: number;
  readonly threshold: number;
  readonly streams: number;
  readonly mean: number;
  readonly standardError: number;
  /** Mean values until a shift of one half and of one standard deviation is reported. */
  readonly delayHalf: number;
  readonly delayOne: number;
}

/** One threshold, then fresh references and fresh streams of a skewed feature. */
export function simulateRunLengths(
  referenceSize: number,
  expectedRunTime: number,
  streams: number,
  seed: number,
  simulations = 4_000,
): RunLengthRow {
  const { random, normal } = createSources(seed);
  const sample = (): Float64Array => Float64Array.from({ length: referenceSize }, () => Math.exp(normal()));
  const first = createRunLengthDetector(sample(), { expectedRunTime, random, simulations });
  if (!first.ok) throw new Error(first.needed);
  const { threshold } = first.detector;
  const lengthWithShift = (shift: number): number => {
    const created = createRunLengthDetector(sample(), { expectedRunTime, random, threshold });
    if (!created.ok) throw new Error(created.needed);
    for (let time = 1; time <= 100 * expectedRunTime; time += 1) {
      const state = created.detector.update(Math.exp(normal() + shift));
      if (state.ok && state.driftDetected) return time;
    }
    return 100 * expectedRunTime;
  };
  const lengths = Array.from({ length: streams }, () => lengthWithShift(0));
  const mean = lengths.reduce((sum, length) => sum + length, 0) / streams;
  const variance = lengths.reduce((sum, length) => sum + (length - mean) ** 2, 0) / (streams - 1);
  const delay = (shift: number): number => {
    const runs = Math.max(50, Math.round(streams / 5));
    let total = 0;
    for (let k = 0; k < runs; k += 1) total += lengthWithShift(shift);
    return total / runs;
  };
  return {
    referenceSize,
    expected: expectedRunTime,
    threshold,
    streams,
    mean,
    standardError: Math.sqrt(variance / streams),
    delayHalf: delay(0.5),
    delayOne: delay(1),
  };
}

/** For comparison: false alarms of the classical detectors on 10,000 standard normal values without drift. */
export function simulateClassicalDetectors(streams: number, seed: number): { name: string; alarms: number }[] {
  const { normal } = createSources(seed);
  const names: [string, () => { ok: boolean }][] = [
    ['ADWIN', () => createAdwin()],
    ['Page–Hinkley', () => createPageHinkley()],
    ['KSWIN', () => createKswin({ seed: 1 })],
  ];
  return names.map(([name, create]) => {
    let alarms = 0;
    for (let k = 0; k < streams; k += 1) {
      const { detector } = create() as unknown as { detector: DriftDetector };
      for (let i = 0; i < 10_000; i += 1) {
        const state = detector.update(normal());
        if (state.ok && state.driftDetected) alarms += 1;
      }
    }
    return { name, alarms: alarms / streams };
  });
}
