import { type PreparedTimeSeries, prepareTimeSeries, wilsonInterval } from '@switchyard/charts/prepare';
import type { TimeSeries } from '@switchyard/contracts';

type Point = TimeSeries['series'][number]['points'][number];
type Measure = { readonly key: keyof Point; readonly label: string };

/** How many series a chart shows before the rest is told together. */
const MAXIMUM_SERIES = 7;

/** One line per group, largest first; what is left is added up as "other". */
export function prepareTraffic(data: TimeSeries, now: number): PreparedTimeSeries {
  const ranked = data.series
    .map((series) => ({ ...series, total: series.points.reduce((sum, point) => sum + point.predictions, 0) }))
    .toSorted((a, b) => b.total - a.total || a.key.localeCompare(b.key));
  const shown = ranked.slice(0, MAXIMUM_SERIES).map((series) => ({
    key: series.key,
    label: series.key === '' ? 'not served' : series.key,
    points: series.points.map((point) => ({ at: point.at, value: point.predictions / data.stepSeconds })),
  }));
  const rest = ranked.slice(MAXIMUM_SERIES);
  if (rest.length > 0) {
    const sums = new Map<string, number>();
    for (const series of rest)
      for (const point of series.points) sums.set(point.at, (sums.get(point.at) ?? 0) + point.predictions);
    shown.push({
      key: 'other',
      label: `${rest.length} others`,
      points: [...sums].map(([at, value]) => ({ at, value: value / data.stepSeconds })),
    });
  }
  return prepareTimeSeries({ ...span(data), now, series: shown });
}

const LATENCIES: readonly Measure[] = [
  { key: 'p50LatencyMicros', label: 'p50' },
  { key: 'p95LatencyMicros', label: 'p95' },
  { key: 'p99LatencyMicros', label: 'p99' },
];

export function prepareLatency(data: TimeSeries, now: number): PreparedTimeSeries {
  const points = data.series[0]?.points ?? [];
  return prepareTimeSeries({
    ...span(data),
    now,
    series: LATENCIES.map(({ key, label }) => ({
      key: label,
      label,
      points: points.map((point) => ({ at: point.at, value: point[key] as number | null, count: point.predictions })),
    })),
  });
}

/** With the 95 % interval, because a step with few labels says little. */
export function prepareAccuracy(data: TimeSeries, now: number): PreparedTimeSeries {
  const points = data.series[0]?.points ?? [];
  return prepareTimeSeries({
    ...span(data),
    now,
    series: [
      {
        key: 'accuracy',
        label: 'Accuracy',
        points: points.map((point) => {
          const interval = point.accuracy === null ? null : wilsonInterval(point.accuracy, point.labelled);
          return {
            at: point.at,
            value: point.accuracy,
            lower: interval?.lower ?? null,
            upper: interval?.upper ?? null,
            count: point.labelled,
          };
        }),
      },
    ],
  });
}

/** The values of one measure on the grid of the range, for a sparkline. */
export function sparkValues(
  data: TimeSeries | undefined,
  measure: (point: Point) => number | null,
  now: number,
): (number | null)[] {
  if (data === undefined) return [];
  const points = data.series[0]?.points ?? [];
  const prepared = prepareTimeSeries({
    ...span(data),
    now,
    series: [{ key: 'a', label: 'a', points: points.map((point) => ({ at: point.at, value: measure(point) })) }],
  });
  // The step that is still filling would always look like a fall.
  return prepared.series[0]?.values.slice(0, prepared.fillingFrom) ?? [];
}

const span = (data: TimeSeries) => ({ from: data.from, to: data.to, stepSeconds: data.stepSeconds });
