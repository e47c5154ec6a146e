export { type CsvCell, toCsv } from './csv.ts';
export { assignEntityColors, entityColor, SERIES_COLOR_COUNT } from './entity-colors.ts';
export { sparklinePath } from './sparkline.ts';
export { isolatedPoints, splitFilling } from './split-filling.ts';
export {
  type PreparedSeries,
  type PreparedTimeSeries,
  prepareTimeSeries,
  type TimeGridInput,
  type TimePoint,
  type TimeSeriesInput,
} from './time-grid.ts';
export { stepLabel, timeTickLabels, type Zone } from './time-labels.ts';
export { timeSeriesRows } from './time-series-rows.ts';
export { wilsonInterval } from './wilson-interval.ts';
