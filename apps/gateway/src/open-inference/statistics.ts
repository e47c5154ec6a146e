import type { GatewayMetrics } from '../metrics/gateway-metrics.ts';
import type { DurationCount } from '../metrics/run-statistics.ts';
import type { EndpointPlan } from '../predict/endpoint-plan.ts';
import type { ServingState, VersionPlan } from '../snapshot/serving-state.ts';
import { findModel, findTarget } from './targets.ts';

interface Duration {
  readonly count: number;
  readonly ns: number;
}

/** Of the statistics extension; counted by this process since it began. */
export interface ModelStatistics {
  readonly name: string;
  readonly version: string;
  /** Unix milliseconds; 0: never. */
  readonly last_inference: number;
  /** Rows. */
  readonly inference_count: number;
  /** Runs of the model; of an endpoint, its requests. */
  readonly execution_count: number;
  readonly inference_stats: {
    readonly success: Duration;
    readonly fail: Duration;
    readonly queue: Duration;
    readonly compute_input: Duration;
    readonly compute_infer: Duration;
    readonly compute_output: Duration;
    readonly cache_hit: Duration;
    readonly cache_miss: Duration;
  };
  readonly response_stats: Readonly<Record<string, never>>;
  readonly batch_stats: readonly {
    readonly batch_size: number;
    readonly compute_input: Duration;
    readonly compute_infer: Duration;
    readonly compute_output: Duration;
  }[];
  readonly memory_usage: readonly never[];
}

const NONE: Duration = { count: 0, ns: 0 };
const durationOf = ({ count, micros }: DurationCount): Duration => ({ count, ns: Math.round(micros * 1_000) });

/**
 * Statistics of one model or endpoint, of one version of it, or of all. A model's are over all its callers,
 * endpoints included. Throws model_not_found or version_not_found.
 */
export function readStatistics(
  state: ServingState,
  metrics: GatewayMetrics,
  name: string | undefined,
  version: string | undefined,
): ModelStatistics[] {
  if (name === undefined) {
    return [
      ...[...state.endpoints.values()].map((plan) => endpointStatistics(plan, metrics)),
      ...[...state.models.values()].flatMap(({ versions }) => [...versions.values()].map(versionStatistics)),
    ];
  }
  if (version === undefined && !state.endpoints.has(name)) {
    return [...findModel(state, name).versions.values()].map(versionStatistics);
  }
  const target = findTarget(state, name, version);
  return [target.kind === 'endpoint' ? endpointStatistics(target.plan, metrics) : versionStatistics(target.version)];
}

function versionStatistics({ model, version, modelMetrics }: VersionPlan): ModelStatistics {
  const { lastAtMs, rows, runs, failedCalls, queue, compute, batches } = modelMetrics.statistics.read();
  return {
    name: model,
    version,
    last_inference: lastAtMs,
    inference_count: rows,
    execution_count: runs,
    inference_stats: {
      success: durationOf({ count: compute.count, micros: queue.micros + compute.micros }),
      fail: { count: failedCalls, ns: 0 },
      queue: durationOf(queue),
      compute_input: NONE,
      compute_infer: durationOf(compute),
      compute_output: NONE,
      cache_hit: NONE,
      cache_miss: NONE,
    },
    response_stats: {},
    batch_stats: batches.map(({ batchRows, compute: batch }) => ({
      batch_size: batchRows,
      compute_input: NONE,
      compute_infer: durationOf(batch),
      compute_output: NONE,
    })),
    memory_usage: [],
  };
}

function endpointStatistics({ name, revision, metrics: own }: EndpointPlan, metrics: GatewayMetrics): ModelStatistics {
  const { ok, failed } = metrics.rowsOf(name);
  const success = durationOf({ count: own.duration.count, micros: own.duration.sum });
  return {
    name,
    version: String(revision),
    last_inference: 0,
    inference_count: ok,
    execution_count: own.duration.count,
    inference_stats: {
      success,
      fail: { count: failed, ns: 0 },
      queue: NONE,
      compute_input: NONE,
      compute_infer: durationOf({
        count: own.duration.count,
        micros: Math.max(0, own.duration.sum - own.overhead.sum),
      }),
      compute_output: NONE,
      cache_hit: NONE,
      cache_miss: NONE,
    },
    response_stats: {},
    batch_stats: [],
    memory_usage: [],
  };
}
