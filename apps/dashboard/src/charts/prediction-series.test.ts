import type { TimeSeries } from '@switchyard/contracts';
import { expect, test } from 'vitest';
import { prepareAccuracy, prepareLatency, prepareTraffic, sparkValues } from './prediction-series.ts';

const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 12, minute)).toISOString();
const now = Date.parse(at(5));
const point = (minute: number, predictions: number, labelled = 0) => ({
  at: at(minute),
  predictions,
  failed: 0,
  meanLatencyMicros: 100,
  p50LatencyMicros: 90,
  p95LatencyMicros: null,
  p99LatencyMicros: 200,
  labelled,
  accuracy: labelled === 0 ? null : 0.9,
  meanScore: null,
  rejected: null,
});
const series = (groups: Record<string, ReturnType<typeof point>[]>): TimeSeries => ({
  from: at(0),
  to: at(5),
  stepSeconds: 60,
  series: Object.entries(groups).map(([key, points]) => ({ key, points })),
});

test('traffic is per second, the busiest first, and the rest is told together', () => {
  const groups = Object.fromEntries(
    Array.from({ length: 10 }, (_, index) => [`model-${index}`, [point(1, (index + 1) * 60)]]),
  );
  const prepared = prepareTraffic(series(groups), now);
  expect(prepared.series.map((one) => one.label)).toEqual([
    'model-9',
    'model-8',
    'model-7',
    'model-6',
    'model-5',
    'model-4',
    'model-3',
    '3 others',
  ]);
  expect(prepared.series[0]?.values).toEqual([null, 10, null, null, null]);
  expect(prepared.series.at(-1)?.values[1]).toBe(6);
});

test('an unknown percentile is a gap', () => {
  const prepared = prepareLatency(series({ '': [point(2, 5)] }), now);
  expect(prepared.series.map((one) => [one.key, one.values[2]])).toEqual([
    ['p50', 90],
    ['p95', null],
    ['p99', 200],
  ]);
});

test('accuracy has an interval that narrows with labels, and none without', () => {
  const prepared = prepareAccuracy(series({ '': [point(1, 9), point(2, 50, 10), point(3, 9_000, 5_000)] }), now);
  const [one] = prepared.series;
  const width = (index: number) => (one?.upper?.[index] ?? 0) - (one?.lower?.[index] ?? 0);
  expect(one?.values[1]).toBe(null);
  expect(width(3)).toBeGreaterThan(0);
  expect(width(3)).toBeLessThan(width(2) / 5);
});

test('a sparkline leaves out the step that is still filling', () => {
  const data = series({ '': [point(0, 5), point(4, 1)] });
  expect(sparkValues(data, (one) => one.predictions, Date.parse(at(4)) + 5_000)).toEqual([5, null, null, null]);
  expect(sparkValues(undefined, (one) => one.predictions, now)).toEqual([]);
});
