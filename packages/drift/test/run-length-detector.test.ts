import { describe, expect, test } from 'vitest';
import { createRunLengthDetector, type RunLengthDetector } from '../src/index.ts';
import { bell, mulberry32 } from './cases.ts';

const uniform = mulberry32(11);
const reference = Array.from({ length: 1_000 }, () => bell(uniform) * 40 + 300);

function create(): RunLengthDetector {
  const created = createRunLengthDetector(reference, {
    expectedRunTime: 500,
    random: mulberry32(1),
    simulations: 200,
  });
  if (!created.ok) throw new Error(created.needed);
  return created.detector;
}

function alarms(detector: RunLengthDetector, values: readonly number[]): number[] {
  return values.flatMap((value, index) => {
    const state = detector.update(value);
    return state.ok && state.driftDetected ? [index] : [];
  });
}

describe('createRunLengthDetector', () => {
  test('reports a change once, soon after it happened, and again only after a restart', () => {
    const detector = create();
    const before = Array.from({ length: 100 }, () => bell(uniform) * 40 + 300);
    const after = Array.from({ length: 500 }, () => bell(uniform) * 40 + 330);
    const found = alarms(detector, [...before, ...after]);
    expect(found).toHaveLength(1);
    expect(found[0]).toBeGreaterThanOrEqual(100);
    expect(found[0]).toBeLessThan(150);
    detector.restart();
    expect(alarms(detector, after)).toHaveLength(1);
  });

  test('sees a fall, a wider and a narrower spread as well', () => {
    for (const change of [
      () => bell(uniform) * 40 + 270,
      () => bell(uniform) * 80 + 300,
      () => bell(uniform) * 15 + 300,
    ]) {
      expect(alarms(create(), Array.from({ length: 400 }, change)).length).toBe(1);
    }
  });

  test('the same seed gives the same threshold', () => {
    expect(create().threshold).toBe(create().threshold);
  });
});
