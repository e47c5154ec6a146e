/** One measured step. `value` null: it cannot be said. Steps that are not given are gaps, never zeros. */
export interface TimePoint {
  /** ISO 8601, start of the step */
  readonly at: string;
  readonly value: number | null;
  /** Bounds of the interval around the value, where there is one. */
  readonly lower?: number | null;
  readonly upper?: number | null;
  /** How many observations the value rests on. */
  readonly count?: number;
}

export interface TimeSeriesInput {
  readonly key: string;
  readonly label: string;
  readonly points: readonly TimePoint[];
}

export interface PreparedSeries {
  readonly key: string;
  readonly label: string;
  /** One entry a step; null is a gap. */
  readonly values: readonly (number | null)[];
  readonly lower: readonly (number | null)[] | null;
  readonly upper: readonly (number | null)[] | null;
  readonly counts: readonly (number | null)[] | null;
}

export interface PreparedTimeSeries {
  /** Unix seconds, start of each step, ascending and without holes. */
  readonly times: readonly number[];
  readonly stepSeconds: number;
  readonly series: readonly PreparedSeries[];
  /** Index of the first step that was not over when the data was read; `times.length` when all are. */
  readonly fillingFrom: number;
  /** No series has a single value. */
  readonly empty: boolean;
}

export interface TimeGridInput {
  readonly from: string;
  readonly to: string;
  readonly stepSeconds: number;
  readonly series: readonly TimeSeriesInput[];
  /** Unix milliseconds at which the data was read. */
  readonly now: number;
}

const MAXIMUM_STEPS = 5_000;

/**
 * Lays points on a grid without holes, so that a step in which nothing was measured is a gap in the line.
 * Steps start at multiples of the step where the points do, else at `from`. Points outside the range are dropped.
 */
export function prepareTimeSeries(input: TimeGridInput): PreparedTimeSeries {
  const step = Math.max(1, Math.round(input.stepSeconds));
  const from = seconds(input.from);
  const to = seconds(input.to);
  const anchor = firstTime(input.series) ?? from;
  const start = anchor - Math.ceil((anchor - from) / step) * step;
  const length = Math.min(MAXIMUM_STEPS, Math.max(1, Math.ceil((to - start) / step)));
  const times = Array.from({ length }, (_, index) => start + index * step);
  const series = input.series.map((one) => layOut(one, start, step, length));
  const complete = times.findIndex((time) => (time + step) * 1_000 > input.now);
  return {
    times,
    stepSeconds: step,
    series,
    fillingFrom: complete === -1 ? length : complete,
    empty: series.every((one) => one.values.every((value) => value === null)),
  };
}

function layOut(input: TimeSeriesInput, start: number, step: number, length: number): PreparedSeries {
  const column = () => new Array<number | null>(length).fill(null);
  const values = column();
  const lower = input.points.some((point) => point.lower !== undefined) ? column() : null;
  const upper = input.points.some((point) => point.upper !== undefined) ? column() : null;
  const counts = input.points.some((point) => point.count !== undefined) ? column() : null;
  for (const point of input.points) {
    const index = Math.floor((seconds(point.at) - start) / step);
    if (index < 0 || index >= length) continue;
    values[index] = finite(point.value);
    if (lower !== null) lower[index] = finite(point.lower ?? null);
    if (upper !== null) upper[index] = finite(point.upper ?? null);
    if (counts !== null) counts[index] = point.count ?? null;
  }
  return { key: input.key, label: input.label, values, lower, upper, counts };
}

function firstTime(series: readonly TimeSeriesInput[]): number | undefined {
  let first: number | undefined;
  for (const one of series) {
    for (const point of one.points) {
      const time = seconds(point.at);
      if (first === undefined || time < first) first = time;
    }
  }
  return first;
}

const seconds = (instant: string): number => Date.parse(instant) / 1_000;
const finite = (value: number | null): number | null => (value !== null && Number.isFinite(value) ? value : null);
