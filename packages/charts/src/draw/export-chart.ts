import { toCsv } from '../prepare/csv.ts';
import type { PreparedTimeSeries } from '../prepare/time-grid.ts';
import { timeSeriesRows } from '../prepare/time-series-rows.ts';
import { FALLBACK_STYLE, type SeriesStyle } from './plot-options.ts';

/** Hands a file to the browser's download. */
export function downloadFile(name: string, content: Blob): void {
  const address = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

export function downloadCsv(name: string, csv: string): void {
  downloadFile(name, new Blob([csv], { type: 'text/csv;charset=utf-8' }));
}

export function exportChartCsv(name: string, prepared: PreparedTimeSeries): void {
  const { header, rows } = timeSeriesRows(prepared);
  downloadCsv(name, toCsv(header, rows));
}

/** Draws title, range and legend above the canvas of a chart, with the colours of the theme it is shown in. */
export function chartImage(input: {
  readonly canvas: HTMLCanvasElement;
  readonly title: string;
  readonly range: string;
  readonly prepared: PreparedTimeSeries;
  readonly styles: Readonly<Record<string, SeriesStyle>>;
}): HTMLCanvasElement {
  const ratio = devicePixelRatio || 1;
  const header = 58 * ratio;
  const computed = getComputedStyle(document.documentElement);
  const resolve = (variable: string) => computed.getPropertyValue(variable).trim();
  const image = document.createElement('canvas');
  image.width = input.canvas.width + 32 * ratio;
  image.height = input.canvas.height + header + 20 * ratio;
  const context = image.getContext('2d');
  if (context === null) throw new Error('no canvas to draw on');
  context.fillStyle = resolve('--surface');
  context.fillRect(0, 0, image.width, image.height);
  const text = (value: string, x: number, y: number, size: number, color: string, weight = 400) => {
    context.font = `${weight} ${size * ratio}px ${resolve('--font-sans')}`;
    context.fillStyle = resolve(color);
    context.fillText(value, x, y * ratio);
    return context.measureText(value).width;
  };
  let x = 16 * ratio;
  x += text(input.title, x, 24, 14, '--text', 600) + 10 * ratio;
  text(input.range, x, 24, 12, '--text-3');
  x = 16 * ratio;
  for (const series of input.prepared.series) {
    context.fillStyle = resolve((input.styles[series.key] ?? FALLBACK_STYLE).color);
    context.fillRect(x, 37 * ratio, 10 * ratio, 10 * ratio);
    x += 15 * ratio;
    x += text(series.label, x, 46, 12, '--text-2') + 16 * ratio;
  }
  context.drawImage(input.canvas, 16 * ratio, header);
  return image;
}

export function exportChartPng(name: string, input: Parameters<typeof chartImage>[0]): void {
  chartImage(input).toBlob((blob) => {
    if (blob !== null) downloadFile(name, blob);
  }, 'image/png');
}
