import { failure, type Result } from '../result.ts';

/** What the reference rows say about a metric: how far it strays by chance, and where an estimate is worth an alarm. */
export interface ReferenceBand {
  /** Sampling error of the metric on n rows: spread/√(n·share). */
  readonly spread: number;
  readonly share: number;
  /** Mean ± 3 standard deviations of the realised metric over reference chunks, cut to the metric's range. */
  readonly lowerThreshold: number;
  readonly upperThreshold: number;
  readonly chunks: number;
}

export interface EstimatedMetric {
  readonly value: number;
  readonly samplingError: number;
  /** value ± 3 sampling errors, cut to the metric's range. */
  readonly lower: number;
  readonly upper: number;
  readonly lowerThreshold: number;
  readonly upperThreshold: number;
  readonly isAlarming: boolean;
}

export const BAND_WIDTH = 3;

/** `realized` has one entry a chunk, NaN where the chunk has no answer. */
export function bandOf(
  spread: number,
  share: number,
  realized: readonly number[],
  range: readonly [low: number, high: number],
): Result<{ readonly band: ReferenceBand }> {
  const known = realized.filter((value) => Number.isFinite(value));
  if (known.length === 0 || !(share > 0) || !Number.isFinite(spread)) {
    return failure('too-few-rows', 'reference rows on which this metric has an answer');
  }
  const mean = known.reduce((total, value) => total + value, 0) / known.length;
  const deviation = Math.sqrt(known.reduce((total, value) => total + (value - mean) ** 2, 0) / known.length);
  const lowerThreshold = Math.max(range[0], mean - BAND_WIDTH * deviation);
  const upperThreshold = Math.min(range[1], mean + BAND_WIDTH * deviation);
  return { ok: true, band: { spread, share, lowerThreshold, upperThreshold, chunks: known.length } };
}

export function estimateWithin(
  band: ReferenceBand,
  value: number,
  count: number,
  range: readonly [low: number, high: number],
  samplingError = band.spread / Math.sqrt(count * band.share),
): Result<EstimatedMetric> {
  if (!Number.isFinite(value) || !Number.isFinite(samplingError))
    return failure('zero-denominator', 'rows on which this metric has an answer');
  return {
    ok: true,
    value,
    samplingError,
    lower: Math.max(range[0], value - BAND_WIDTH * samplingError),
    upper: Math.min(range[1], value + BAND_WIDTH * samplingError),
    lowerThreshold: band.lowerThreshold,
    upperThreshold: band.upperThreshold,
    isAlarming: value < band.lowerThreshold || value > band.upperThreshold,
  };
}

/** Row ranges of `chunkRows` each; the last may be shorter. */
export function chunksOf(count: number, chunkRows: number): [from: number, to: number][] {
  const chunks: [number, number][] = [];
  for (let from = 0; from < count; from += chunkRows) chunks.push([from, Math.min(count, from + chunkRows)]);
  return chunks;
}

/** Standard deviation with n. */
export function spreadOf(values: ArrayLike<number>): number {
  let mean = 0;
  for (let index = 0; index < values.length; index += 1) mean += (values[index] as number) / values.length;
  let squares = 0;
  for (let index = 0; index < values.length; index += 1) squares += ((values[index] as number) - mean) ** 2;
  return Math.sqrt(squares / values.length);
}
