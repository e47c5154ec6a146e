import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseStepSeconds, splitTimeRange } from './time-ranges.ts';

const period = fc
  .tuple(fc.integer({ min: 0, max: 4_000_000_000_000 }), fc.integer({ min: 0, max: 40_000_000_000 }))
  .map(([fromMs, length]) => ({ fromMs, toMs: fromMs + length }));

describe('splitTimeRange', () => {
  it('covers the period once, without a gap, with roll-ups on whole minutes and hours only', () => {
    fc.assert(
      fc.property(period, fc.constantFrom(1, 30, 60, 90, 3_600, 86_400), ({ fromMs, toMs }, step) => {
        const ranges = splitTimeRange(fromMs, toMs, step * 1_000);
        let reached = fromMs;
        for (const range of ranges) {
          expect(range.fromMs).toBe(reached);
          expect(range.toMs).toBeGreaterThan(range.fromMs);
          reached = range.toMs;
          const grain = { raw: 1, minute: 60_000, hour: 3_600_000 }[range.source];
          expect(range.fromMs % grain).toBe(0);
          expect(range.toMs % grain).toBe(0);
          if (range.source !== 'raw') {
            expect((step * 1_000) % grain).toBe(0);
          }
        }
        expect(reached).toBe(toMs);
      }),
    );
  });

  it('asks for no time that rows or roll-ups cannot have', () => {
    const ranges = splitTimeRange(Date.parse('0001-01-01T00:00:00Z'), Date.parse('9999-12-31T00:00:00Z'));
    expect(ranges[0]?.fromMs).toBe(0);
    expect(ranges.at(-1)?.toMs).toBeLessThan(Date.parse('2300-01-01T00:00:00Z'));
    for (const { source, toMs } of ranges) if (source !== 'raw') expect(toMs / 1_000).toBeLessThan(2 ** 32);
    expect(splitTimeRange(-2 * 86_400_000, -86_400_000)).toEqual([]);
    const late = Date.parse('2150-01-01T00:00:01Z');
    const covered = splitTimeRange(late, late + 86_400_000);
    expect(covered.map(({ source }) => source)).toEqual(['raw', 'raw']);
    expect([covered[0]?.fromMs, covered[0]?.toMs, covered[1]?.toMs]).toEqual([
      late,
      covered[1]?.fromMs,
      late + 86_400_000,
    ]);
  });

  it('reads less than two hours of rows for long periods', () => {
    const ranges = splitTimeRange(1_000_001, 1_000_001 + 30 * 86_400_000);
    const raw = ranges
      .filter((range) => range.source === 'raw')
      .reduce((sum, range) => sum + range.toMs - range.fromMs, 0);
    expect(ranges.map((range) => range.source)).toEqual(['raw', 'hour', 'raw']);
    expect(raw).toBeLessThanOrEqual(7_200_000);
  });
});

describe('chooseStepSeconds', () => {
  it('never gives more steps than asked for, unless one border alone makes two', () => {
    fc.assert(
      fc.property(period, fc.integer({ min: 1, max: 2_000 }), ({ fromMs, toMs }, points) => {
        const stepMs = chooseStepSeconds(fromMs, toMs, points) * 1_000;
        const steps = Math.ceil(toMs / stepMs) - Math.floor(fromMs / stepMs);
        expect(steps).toBeLessThanOrEqual(Math.max(points, 2));
      }),
    );
  });

  it.each([
    [3_600_000, 200, 20],
    [86_400_000, 200, 600],
    [30 * 86_400_000, 200, 21_600],
  ])('%d ms in %d points: %d s', (length, points, expected) => {
    expect(chooseStepSeconds(0, length, points)).toBe(expected);
  });
});
