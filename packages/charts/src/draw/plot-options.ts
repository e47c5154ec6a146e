import uPlot from 'uplot';
import { isolatedPoints, splitFilling } from '../prepare/split-filling.ts';
import type { PreparedTimeSeries } from '../prepare/time-grid.ts';
import { timeTickLabels, type Zone } from '../prepare/time-labels.ts';

/** How a series is drawn. Colours are names of CSS variables, so that they follow the theme. */
export interface SeriesStyle {
  readonly color: string;
  readonly width?: number;
  readonly dash?: readonly number[];
  readonly filled?: boolean;
}

/** `zero`: the axis starts at 0. `fit`: it fits the data, within floor and ceiling. */
export type ValueScale =
  | { readonly kind: 'zero' }
  | { readonly kind: 'fit'; readonly floor?: number; readonly ceiling?: number };

export interface PlotSettings {
  readonly styles: Readonly<Record<string, SeriesStyle>>;
  readonly scale: ValueScale;
  readonly zone: Zone;
  readonly formatValue: (value: number) => string;
  readonly syncKey?: string | undefined;
}

export const FALLBACK_STYLE: SeriesStyle = { color: '--series-0' };

/** Columns as uPlot takes them: times, then for each series settled, filling, upper and lower bound. */
export function plotData(prepared: PreparedTimeSeries): uPlot.AlignedData {
  const columns: (number | null)[][] = [];
  for (const series of prepared.series) {
    const { settled, filling } = splitFilling(series.values, prepared.fillingFrom);
    columns.push(settled, filling);
    columns.push([...(series.upper ?? settled.map(() => null))], [...(series.lower ?? settled.map(() => null))]);
  }
  return [[...prepared.times], ...columns] as uPlot.AlignedData;
}

/** uPlot options for a prepared chart. `resolve` gives the value of a CSS variable. */
export function plotOptions(
  prepared: PreparedTimeSeries,
  settings: PlotSettings,
  size: { width: number; height: number },
  resolve: (variable: string) => string,
): uPlot.Options {
  const series: uPlot.Series[] = [{}];
  const bands: uPlot.Band[] = [];
  for (const one of prepared.series) {
    const style = settings.styles[one.key] ?? FALLBACK_STYLE;
    const color = resolve(style.color);
    const line: uPlot.Series = {
      stroke: color,
      width: style.width ?? 1.5,
      points: {
        show: true,
        size: 4,
        fill: color,
        filter: (u, index) => isolatedPoints(u.data[index] as (number | null)[]),
      },
      ...(style.dash === undefined ? {} : { dash: [...style.dash] }),
      ...(style.filled === true ? { fill: withAlpha(color, 0.1) } : {}),
    };
    // The axis fits the lines: one wide interval would flatten them all. A band that leaves the plot says as much.
    const bound: uPlot.Series = { stroke: 'transparent', width: 0, points: { show: false }, auto: false };
    series.push(line, { ...line, dash: [2, 4], alpha: 0.55 }, bound, bound);
    bands.push({ series: [series.length - 2, series.length - 1], fill: withAlpha(color, 0.16) });
  }
  const axis = {
    stroke: resolve('--text-3'),
    font: `11px ${resolve('--font-sans')}`,
    grid: gridOf(resolve),
    ticks: { show: false },
  };
  return {
    ...size,
    series,
    bands,
    padding: [10, 12, 0, 0],
    legend: { show: false },
    scales: { x: { time: true }, y: { range: rangeOf(settings.scale) } },
    tzDate: (seconds) =>
      settings.zone === 'utc' ? uPlot.tzDate(new Date(seconds * 1_000), 'Etc/UTC') : new Date(seconds * 1_000),
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 28,
        space: 46,
        values: (_, splits, __, ___, increment) => timeTickLabels(splits, increment, settings.zone),
      },
      {
        ...axis,
        size: 56,
        gap: 8,
        space: 34,
        values: (_, splits) => splits.map((value) => settings.formatValue(value)),
      },
    ],
    cursor: {
      points: { size: 7, width: 2 },
      drag: { x: true, y: false, setScale: false },
      ...(settings.syncKey === undefined
        ? {}
        : { sync: { key: settings.syncKey, setSeries: false, scales: ['x', null] } }),
    },
  };
}

function gridOf(resolve: (variable: string) => string): uPlot.Axis.Grid {
  return { stroke: resolve('--line'), width: 1 };
}

function rangeOf(scale: ValueScale): uPlot.Range.Function {
  return (_, low, high) => {
    if (!Number.isFinite(low) || !Number.isFinite(high)) return [0, 1];
    if (scale.kind === 'zero') return [0, high <= 0 ? 1 : high * 1.12];
    const room = (high - low) * 0.15 || Math.abs(high) * 0.05 || 1;
    return [Math.max(scale.floor ?? -Infinity, low - room), Math.min(scale.ceiling ?? Infinity, high + room)];
  };
}

/** Theme colours are #rrggbb; anything else is drawn opaque by the caller's choice of variable. */
function withAlpha(color: string, alpha: number): string {
  return /^#[0-9a-f]{6}$/i.test(color)
    ? color +
        Math.round(alpha * 255)
          .toString(16)
          .padStart(2, '0')
    : color;
}
