import type { CsvCell } from './csv.ts';
import type { PreparedTimeSeries } from './time-grid.ts';

/** The numbers of a chart as a table, for CSV and for readers that cannot see the canvas. Steps without any value are left out. */
export function timeSeriesRows(prepared: PreparedTimeSeries): { header: string[]; rows: CsvCell[][] } {
  const header = ['time'];
  for (const series of prepared.series) {
    header.push(series.label);
    if (series.lower !== null) header.push(`${series.label} lower`);
    if (series.upper !== null) header.push(`${series.label} upper`);
    if (series.counts !== null) header.push(`${series.label} n`);
  }
  const rows: CsvCell[][] = [];
  prepared.times.forEach((time, index) => {
    if (prepared.series.every((series) => series.values[index] === null)) return;
    const row: CsvCell[] = [new Date(time * 1_000).toISOString()];
    for (const series of prepared.series) {
      row.push(series.values[index]);
      if (series.lower !== null) row.push(series.lower[index]);
      if (series.upper !== null) row.push(series.upper[index]);
      if (series.counts !== null) row.push(series.counts[index]);
    }
    rows.push(row);
  });
  return { header, rows };
}
