export { chartImage, downloadCsv, downloadFile, exportChartCsv, exportChartPng } from './draw/export-chart.ts';
export type { SeriesStyle, ValueScale } from './draw/plot-options.ts';
export { Sparkline } from './draw/sparkline.tsx';
export { TimeSeriesChart, type TimeSeriesChartHandle, type TimeSeriesChartProps } from './draw/time-series-chart.tsx';
export {
  assignEntityColors,
  type CsvCell,
  entityColor,
  isolatedPoints,
  type PreparedSeries,
  type PreparedTimeSeries,
  prepareTimeSeries,
  SERIES_COLOR_COUNT,
  sparklinePath,
  splitFilling,
  stepLabel,
  type TimeGridInput,
  type TimePoint,
  type TimeSeriesInput,
  timeSeriesRows,
  timeTickLabels,
  toCsv,
  wilsonInterval,
  type Zone,
} from './prepare/index.ts';
