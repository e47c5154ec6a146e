import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  assignEntityColors,
  isolatedPoints,
  prepareTimeSeries,
  SERIES_COLOR_COUNT,
  sparklinePath,
  splitFilling,
  stepLabel,
  timeSeriesRows,
  timeTickLabels,
  toCsv,
  wilsonInterval,
} from '../src/prepare/index.ts';

const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 12, minute)).toISOString();

test('a step without a point is a gap, never a zero', () => {
  const prepared = prepareTimeSeries({
    from: at(0),
    to: at(5),
    stepSeconds: 60,
    now: Date.parse(at(10)),
    series: [
      {
        key: 'a',
        label: 'a',
        points: [
          { at: at(1), value: 3 },
          { at: at(3), value: 0 },
        ],
      },
    ],
  });
  expect(prepared.series[0]?.values).toEqual([null, 3, null, 0, null]);
  expect(prepared.fillingFrom).toBe(5);
  expect(prepared.empty).toBe(false);
});

test('the grid is anchored at the points and covers the range, and what lies outside is dropped', () => {
  const prepared = prepareTimeSeries({
    from: '2026-01-01T12:00:30.000Z',
    to: at(4),
    stepSeconds: 60,
    now: Date.parse(at(3)) + 30_000,
    series: [
      {
        key: 'a',
        label: 'a',
        points: [
          { at: at(2), value: 1, count: 9 },
          { at: at(9), value: 5 },
        ],
      },
    ],
  });
  expect(prepared.times.map((time) => new Date(time * 1_000).toISOString())).toEqual([0, 1, 2, 3].map(at));
  expect(prepared.series[0]?.values).toEqual([null, null, 1, null]);
  expect(prepared.series[0]?.counts).toEqual([null, null, 9, null]);
  expect(prepared.fillingFrom).toBe(3);
});

test('no points at all is empty, and an absurd range is bounded', () => {
  const prepared = prepareTimeSeries({ from: at(0), to: '2030-01-01T00:00:00Z', stepSeconds: 1, now: 0, series: [] });
  expect(prepared.empty).toBe(true);
  expect(prepared.times.length).toBe(5_000);
});

test('the filling part meets the settled one', () => {
  expect(splitFilling([1, 2, 3, 4], 3)).toEqual({ settled: [1, 2, 3, null], filling: [null, null, 3, 4] });
  expect(splitFilling([1, 2], 2)).toEqual({ settled: [1, 2], filling: [null, null] });
});

test('a value between two gaps is a point of its own', () => {
  expect(isolatedPoints([null, 1, null, 2, 3, null, 4])).toEqual([1, 6]);
});

test('rows hold every step with a value, with bounds and counts where there are any', () => {
  const prepared = prepareTimeSeries({
    from: at(0),
    to: at(2),
    stepSeconds: 60,
    now: Date.parse(at(5)),
    series: [{ key: 'a', label: 'accuracy', points: [{ at: at(1), value: 0.9, lower: 0.8, upper: 0.95, count: 40 }] }],
  });
  expect(timeSeriesRows(prepared)).toEqual({
    header: ['time', 'accuracy', 'accuracy lower', 'accuracy upper', 'accuracy n'],
    rows: [[at(1), 0.9, 0.8, 0.95, 40]],
  });
});

test('text that a spreadsheet would run as a formula is guarded, numbers are not', () => {
  expect(
    toCsv(
      ['a', 'b'],
      [
        ['=SUM(A1)', -5],
        ['plain, "quoted"', null],
        ['@x', true],
        [' +1', Number.NaN],
      ],
    ),
  ).toBe(`a,b\r\n'=SUM(A1),-5\r\n"plain, ""quoted""",\r\n'@x,true\r\n' +1,\r\n`);
});

test('a sparkline has one sub-path per run and stays in its box', () => {
  expect(sparklinePath([null, null], 100, 20)).toBe(null);
  expect(sparklinePath([1, null, 2, 3], 90, 20)).toBe('M0 20L0 20M60 10L90 0');
  expect(sparklinePath([4, 4], 10, 20)).toBe('M0 10L10 10');
});

test('entities keep their colour whatever else is shown, and share none while there are enough', () => {
  const names = ['rules', 'random-forest', 'xgboost', 'neural-network'];
  const colors = assignEntityColors(names);
  expect(new Set(colors.values()).size).toBe(names.length);
  expect(assignEntityColors([...names, 'newcomer']).get('xgboost')).toBe(colors.get('xgboost'));
  fc.assert(
    fc.property(fc.uniqueArray(fc.string(), { maxLength: 40 }), (some) => {
      const assigned = assignEntityColors(some);
      expect(assigned.size).toBe(some.length);
      for (const color of assigned.values()) expect(color).toBeLessThan(SERIES_COLOR_COUNT);
      expect(new Set(some.slice(0, SERIES_COLOR_COUNT).map((name) => assigned.get(name))).size).toBe(
        Math.min(some.length, SERIES_COLOR_COUNT),
      );
    }),
  );
});

test('the Wilson interval equals the published example and holds the proportion', () => {
  // statsmodels.stats.proportion.proportion_confint(81, 263, method='wilson')
  const interval = wilsonInterval(81 / 263, 263);
  expect(interval?.lower).toBeCloseTo(0.2552885198782742, 12);
  expect(interval?.upper).toBeCloseTo(0.36620957698280004, 12);
  expect(wilsonInterval(0.5, 0)).toBe(null);
  expect(wilsonInterval(1, 10)?.upper).toBeCloseTo(1, 12);
});

test('axis labels name the day where it changes', () => {
  const midnight = Date.UTC(2026, 0, 2) / 1_000;
  expect(timeTickLabels([midnight - 3_600, midnight, midnight + 3_600], 3_600, 'utc')).toEqual([
    '23:00',
    '2 Jan',
    '01:00',
  ]);
  expect(timeTickLabels([midnight, midnight + 30], 30, 'utc')).toEqual(['00:00:00', '00:00:30']);
  expect(timeTickLabels([midnight], 86_400, 'utc')).toEqual(['2 Jan']);
  expect(stepLabel(midnight, 300, 'utc')).toBe('2 Jan, 00:00 – 00:05');
});
