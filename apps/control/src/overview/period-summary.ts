import type { PeriodSummary } from '@switchyard/contracts';
import type { PredictionAggregates, QualityAggregates } from './aggregate-sql.ts';

/** A share of nothing is not zero, it is not known. */
export const ratio = (part: number, whole: number) => (whole === 0 ? null : part / whole);

export interface Latency {
  readonly meanLatencyMicros: number | null;
  readonly p50LatencyMicros: number | null;
  readonly p95LatencyMicros: number | null;
  readonly p99LatencyMicros: number | null;
}

/** Of all predictions, failed ones too: a time-out is what its caller waited for. */
export function latencyOf(row: PredictionAggregates | undefined): Latency {
  const isKnown = row !== undefined && row.predictions > 0;
  return {
    meanLatencyMicros: isKnown ? row.total_micros / row.predictions : null,
    p50LatencyMicros: isKnown ? (row.quantiles[0] ?? null) : null,
    p95LatencyMicros: isKnown ? (row.quantiles[1] ?? null) : null,
    p99LatencyMicros: isKnown ? (row.quantiles[2] ?? null) : null,
  };
}

export function summarisePeriod(
  predictions: PredictionAggregates | undefined,
  quality: QualityAggregates | undefined,
  rejected: number,
): PeriodSummary {
  const total = predictions?.predictions ?? 0;
  const failed = predictions?.failed ?? 0;
  const { labelled, correct, tp, fp, fn } = quality ?? { labelled: 0, correct: 0, tp: 0, fp: 0, fn: 0 };
  return {
    predictions: total,
    failed,
    rejected,
    errorRate: ratio(failed + rejected, total + rejected),
    ...latencyOf(predictions),
    labelled,
    accuracy: ratio(correct, labelled),
    precision: ratio(tp, tp + fp),
    recall: ratio(tp, tp + fn),
    f1: ratio(2 * tp, 2 * tp + fp + fn),
  };
}
