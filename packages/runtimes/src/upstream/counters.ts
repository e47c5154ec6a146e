import { type FailureReason, failureReasons } from './failures.ts';

/** Upper bounds in microseconds. */
export const LATENCY_BOUNDS_MICROS: readonly number[] = [
  250, 500, 1_000, 2_000, 3_000, 5_000, 7_500, 10_000, 15_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
  2_500_000, 5_000_000, 10_000_000, 30_000_000,
];

/** `counts[i]` holds what is at most `bounds[i]` and more than the bound before; what is above all is in `count` only. */
export interface LatencyCounts {
  readonly bounds: readonly number[];
  readonly counts: Float64Array;
  sum: number;
  count: number;
}

/** What has happened since the model was loaded. A plain object that is read when metrics are asked for. */
export interface UpstreamCounters {
  /** Calls that were begun, refused ones included. */
  calls: number;
  rows: number;
  readonly failures: Record<FailureReason, number>;
  /** Calls sent again because the server had closed an idle connection. */
  retries: number;
  probes: number;
  failedProbes: number;
  /** Of calls that were answered well: from sending to the checked answer, without waiting for a connection. */
  readonly latency: LatencyCounts;
}

/** How the connections of a server are used now. */
export interface UpstreamPoolState {
  /** Most calls under way at once. */
  readonly limit: number;
  readonly open: number;
  readonly inUse: number;
  readonly waiting: number;
}

export function createCounters(): UpstreamCounters {
  return {
    calls: 0,
    rows: 0,
    failures: Object.fromEntries(failureReasons.map((reason) => [reason, 0])) as Record<FailureReason, number>,
    retries: 0,
    probes: 0,
    failedProbes: 0,
    latency: {
      bounds: LATENCY_BOUNDS_MICROS,
      counts: new Float64Array(LATENCY_BOUNDS_MICROS.length),
      sum: 0,
      count: 0,
    },
  };
}

export function observeLatency(latency: LatencyCounts, micros: number): void {
  latency.sum += micros;
  latency.count += 1;
  const index = latency.bounds.findIndex((bound) => micros <= bound);
  if (index >= 0) latency.counts[index] = (latency.counts[index] as number) + 1;
}
