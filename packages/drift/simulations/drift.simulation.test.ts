// A smaller, seeded version of run.ts: holds the promises of results.md against changes of the code.
import { describe, expect, test } from 'vitest';
import { LEVELS, RATE_SCENARIOS, simulateDistances, simulateRate } from './false-alarm-rates.ts';
import { simulateFamily, simulateLooks } from './families-and-looks.ts';
import { simulatePower } from './power.ts';
import { simulateRunLengths } from './run-lengths.ts';

/** Three Monte Carlo standard errors around the promised band. */
function band(level: number, runs: number): { lowest: number; highest: number } {
  const slack = 3 * Math.sqrt((level * (1 - level)) / runs);
  return { lowest: Math.max(0, 0.5 * level - slack), highest: 1.5 * level + slack };
}

describe('without drift', () => {
  for (const [feature, rule] of RATE_SCENARIOS) {
    test(`${feature.name}, ${rule}: alarms stay within half and one and a half times the stated rate`, () => {
      [50, 500, 10_000].forEach((windowSize, k) => {
        const runs = 1_500;
        const row = simulateRate(feature, rule, 1_000, windowSize, runs, 7 + k);
        LEVELS.forEach((level, i) => {
          const { lowest, highest } = band(level, runs);
          const observed = row.alarms[i]! / runs;
          expect(observed, `window ${windowSize}, level ${level}`).toBeGreaterThanOrEqual(lowest);
          expect(observed, `window ${windowSize}, level ${level}`).toBeLessThanOrEqual(highest);
        });
      });
    });
  }

  test('size-aware critical distances hold 1 %, the fixed threshold 0.1 does not', () => {
    const rows = [100, 1_000].flatMap((size, k) => simulateDistances(2_000, size, 2_000, 100 + k));
    for (const row of rows) expect(row.overCritical / row.windows, row.distance).toBeLessThan(0.02);
    expect(rows[0]!.overFixed / rows[0]!.windows).toBeGreaterThan(0.2);
  });

  test('1,000 looks: the chance of any false alarm keeps to the plan', () => {
    const looks = simulateLooks(1_000, 20, 3);
    expect(looks.eachLook).toBe(1);
    // Of 20 runs at 5 %, four or more alarms have probability 0.016.
    expect(looks.horizon * 20).toBeLessThan(4);
    expect(looks.unlimited * 20).toBeLessThan(4);
  });

  test('the run-length detector waits as long as it was told', () => {
    const row = simulateRunLengths(300, 100, 500, 5, 1_000);
    expect(Math.abs(row.mean / row.expected - 1)).toBeLessThan(0.1 + (3 * row.standardError) / row.expected);
    expect(row.delayOne).toBeLessThan(row.delayHalf);
  });
});

describe('with drift', () => {
  test('100 features: false alarms stay a small share of the alarms', () => {
    const family = simulateFamily(100, 20, 0.4, 15, 9);
    expect(family.falseDiscoveryRate).toBeLessThan(0.05 + 3 * family.falseDiscoveryError);
    expect(family.power).toBeGreaterThan(0.95);
  });

  test('the changes that must be found are found, and the others are not', () => {
    const [shift, ordered, small, , category, oneRow, tiny] = simulatePower(40, 21).map((row) => row.found / row.runs);
    expect(shift).toBeGreaterThanOrEqual(0.9);
    expect(ordered).toBeGreaterThanOrEqual(0.9);
    expect(small).toBeGreaterThanOrEqual(0.9);
    expect(category).toBeGreaterThanOrEqual(0.9);
    expect(oneRow).toBeLessThanOrEqual(0.05);
    expect(tiny).toBe(0);
  });
});
