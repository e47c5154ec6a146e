import { DURATION_BOUNDS_MICROS, Histogram, ROWS_BOUNDS } from './histogram.ts';
import { type Labels, renderHistograms, renderSamples } from './prometheus-text.ts';
import { type RunOfCall, RunStatistics } from './run-statistics.ts';

/** Counted per endpoint; held by its plan, so that counting is one addition. */
export interface EndpointMetrics {
  readonly duration: Histogram;
  readonly overhead: Histogram;
  unlogged: number;
  /** Rows whose shadows ran, and those dropped because too many were under way. */
  shadowed: number;
  shadowsDropped: number;
}

/** Counted per target of a `fallback` node. */
export interface TargetMetrics {
  ok: number;
  failed: number;
  retries: number;
  /** Not asked, because its breaker is open. */
  skipped: number;
}

/** Rows looked up in the cache, per endpoint that has one. `error`: it was away, late, or held something else. */
export interface CacheMetrics {
  hit: number;
  miss: number;
  error: number;
}

/** Counted per endpoint, model and version. */
export interface VersionMetrics {
  ok: number;
  failed: number;
}

/** Counted per model and version, over all endpoints. */
export interface ModelMetrics {
  readonly run: Histogram;
  readonly batchRows: Histogram;
  readonly statistics: RunStatistics;
}

/** Counts one call of a model that it answered. @param rows of the call */
export function observeRun(metrics: ModelMetrics, rows: number, run: RunOfCall, atMs: number = Date.now()): void {
  metrics.run.observe(run.modelMicros);
  metrics.batchRows.observe(run.batchRows);
  metrics.statistics.observe(rows, run, atMs);
}

/** Names come from the registry, but each retired one would stay for ever; beyond this they share one label. */
const MAXIMUM_SERIES = 5_000;
const OTHERS = '(others)';

export interface Gauges {
  readonly queuedRows: readonly { readonly endpoint: string; readonly rows: number }[];
  /** Of the policies that are served now; not open: they are asked as usual. */
  readonly targets: readonly { readonly endpoint: string; readonly path: string; readonly isOpen: boolean }[];
  readonly inFlightRequests: number;
  readonly snapshotVersion: number;
  readonly isReady: boolean;
  readonly isControlReachable: boolean;
  readonly loadedModels: number;
  readonly log: { readonly writable: boolean; readonly unshippedSegments: number; readonly unshippedBytes: number };
}

export interface GatewayMetrics {
  readonly counters: Counters;
  endpoint(endpoint: string): EndpointMetrics;
  version(endpoint: string, model: string, version: string): VersionMetrics;
  model(model: string, version: string): ModelMetrics;
  target(endpoint: string, path: string): TargetMetrics;
  cache(endpoint: string): CacheMetrics;
  /** Rows of an endpoint, over all models and versions that answered it. */
  rowsOf(endpoint: string): VersionMetrics;
  countRejection(endpoint: string, code: string): void;
  countFeedback(outcome: 'accepted' | 'rejected', count: number): void;
  render(gauges: Gauges): string;
}

export interface Counters {
  logLines: number;
  logWriteFailures: number;
  snapshotSwaps: number;
  snapshotFailures: number;
}

export function createGatewayMetrics(): GatewayMetrics {
  const endpoints = createSeries(() => ({
    duration: new Histogram(DURATION_BOUNDS_MICROS),
    overhead: new Histogram(DURATION_BOUNDS_MICROS),
    unlogged: 0,
    shadowed: 0,
    shadowsDropped: 0,
  }));
  const targets = createSeries((): TargetMetrics => ({ ok: 0, failed: 0, retries: 0, skipped: 0 }));
  const caches = createSeries((): CacheMetrics => ({ hit: 0, miss: 0, error: 0 }));
  const versions = createSeries(() => ({ ok: 0, failed: 0 }));
  const models = createSeries(() => ({
    run: new Histogram(DURATION_BOUNDS_MICROS),
    batchRows: new Histogram(ROWS_BOUNDS),
    statistics: new RunStatistics(),
  }));
  const rejections = createSeries(() => ({ count: 0 }));
  const feedback = { accepted: 0, rejected: 0 };
  const counters: Counters = { logLines: 0, logWriteFailures: 0, snapshotSwaps: 0, snapshotFailures: 0 };

  return {
    counters,
    endpoint: (endpoint) => endpoints.get({ endpoint }),
    version: (endpoint, model, version) => versions.get({ endpoint, model, version }),
    model: (model, version) => models.get({ model, version }),
    target: (endpoint, path) => targets.get({ endpoint, path }),
    cache: (endpoint) => caches.get({ endpoint }),
    rowsOf(endpoint) {
      const total = { ok: 0, failed: 0 };
      for (const { labels, series } of versions.list()) {
        if (labels.endpoint !== endpoint) continue;
        total.ok += series.ok;
        total.failed += series.failed;
      }
      return total;
    },
    countRejection(endpoint, code) {
      rejections.get({ endpoint, code }).count += 1;
    },
    countFeedback(outcome, count) {
      feedback[outcome] += count;
    },
    render(gauges) {
      const seconds = 1_000_000;
      const gauge = (name: string, help: string, value: number) =>
        renderSamples(name, 'gauge', help, [{ labels: {}, value }]);
      const counter = (name: string, help: string, value: number) =>
        renderSamples(name, 'counter', help, [{ labels: {}, value }]);
      return [
        renderSamples(
          'switchyard_predictions_total',
          'counter',
          'Rows answered, or failed after they were accepted.',
          versions.list().flatMap(({ labels, series }) => [
            { labels: { ...labels, status: 'ok' }, value: series.ok },
            { labels: { ...labels, status: 'error' }, value: series.failed },
          ]),
        ),
        renderSamples(
          'switchyard_rejected_requests_total',
          'counter',
          'Requests refused before they were accepted.',
          rejections.list().map(({ labels, series }) => ({ labels, value: series.count })),
        ),
        renderHistograms(
          'switchyard_request_duration_seconds',
          'Arrival of a request to its answer, log included.',
          endpoints.list().map(({ labels, series }) => ({ labels, histogram: series.duration })),
          seconds,
        ),
        renderHistograms(
          'switchyard_request_overhead_seconds',
          'Duration of a request less the time its models ran.',
          endpoints.list().map(({ labels, series }) => ({ labels, histogram: series.overhead })),
          seconds,
        ),
        renderHistograms(
          'switchyard_model_run_seconds',
          'One run of a model, for a whole batch.',
          models.list().map(({ labels, series }) => ({ labels, histogram: series.run })),
          seconds,
        ),
        renderHistograms(
          'switchyard_model_batch_rows',
          'Rows of one run of a model.',
          models.list().map(({ labels, series }) => ({ labels, histogram: series.batchRows })),
        ),
        renderSamples(
          'switchyard_unlogged_predictions_total',
          'counter',
          'Rows answered although the log could not be written.',
          endpoints.list().map(({ labels, series }) => ({ labels, value: series.unlogged })),
        ),
        renderSamples(
          'switchyard_shadowed_rows_total',
          'counter',
          'Rows whose shadows ran, and those whose shadows were dropped because too many were under way.',
          endpoints.list().flatMap(({ labels, series }) => [
            { labels: { ...labels, outcome: 'run' }, value: series.shadowed },
            { labels: { ...labels, outcome: 'dropped' }, value: series.shadowsDropped },
          ]),
        ),
        renderSamples(
          'switchyard_cache_lookups_total',
          'counter',
          'Rows of a model that were looked up in the cache; after an error as after a miss the model was asked.',
          caches.list().flatMap(({ labels, series }) =>
            (['hit', 'miss', 'error'] as const).map((outcome) => ({
              labels: { ...labels, outcome },
              value: series[outcome],
            })),
          ),
        ),
        renderSamples(
          'switchyard_target_requests_total',
          'counter',
          'Rows that a fallback asked of a target, or did not ask because its breaker was open.',
          targets.list().flatMap(({ labels, series }) =>
            (['ok', 'failed', 'skipped'] as const).map((outcome) => ({
              labels: { ...labels, outcome },
              value: series[outcome],
            })),
          ),
        ),
        renderSamples(
          'switchyard_target_retries_total',
          'counter',
          'Rows that a fallback asked of the same target again.',
          targets.list().map(({ labels, series }) => ({ labels, value: series.retries })),
        ),
        renderSamples(
          'switchyard_target_open',
          'gauge',
          '1 while a target keeps failing and is not asked.',
          gauges.targets.map(({ endpoint, path, isOpen }) => ({ labels: { endpoint, path }, value: isOpen ? 1 : 0 })),
        ),
        renderSamples('switchyard_feedback_items_total', 'counter', 'Items of feedback.', [
          { labels: { outcome: 'accepted' }, value: feedback.accepted },
          { labels: { outcome: 'rejected' }, value: feedback.rejected },
        ]),
        renderSamples(
          'switchyard_queued_rows',
          'gauge',
          'Rows accepted and not answered yet.',
          gauges.queuedRows.map(({ endpoint, rows }) => ({ labels: { endpoint }, value: rows })),
        ),
        gauge('switchyard_in_flight_requests', 'Requests being answered.', gauges.inFlightRequests),
        gauge('switchyard_ready', '1 while predictions are answered.', gauges.isReady ? 1 : 0),
        gauge('switchyard_control_reachable', '1 while control answers.', gauges.isControlReachable ? 1 : 0),
        gauge(
          'switchyard_snapshot_version',
          'Version of the serving snapshot, -1 without one.',
          gauges.snapshotVersion,
        ),
        gauge('switchyard_loaded_models', 'Model versions in memory.', gauges.loadedModels),
        gauge('switchyard_log_writable', '1 while the prediction log takes lines.', gauges.log.writable ? 1 : 0),
        gauge('switchyard_log_unshipped_bytes', 'Bytes of the log that wait to be shipped.', gauges.log.unshippedBytes),
        gauge('switchyard_log_unshipped_segments', 'Segments that wait to be shipped.', gauges.log.unshippedSegments),
        counter('switchyard_log_lines_total', 'Lines written to the prediction log.', counters.logLines),
        counter('switchyard_log_write_failures_total', 'Writes that the log refused.', counters.logWriteFailures),
        counter('switchyard_snapshot_swaps_total', 'Serving snapshots that took over.', counters.snapshotSwaps),
        counter('switchyard_snapshot_failures_total', 'Snapshots that could not be loaded.', counters.snapshotFailures),
      ].join('');
    },
  };
}

function createSeries<Series>(make: () => Series) {
  const all = new Map<string, { labels: Labels; series: Series }>();
  return {
    get(labels: Labels): Series {
      const key = Object.values(labels).join('\n');
      const known = all.get(key);
      if (known !== undefined) return known.series;
      if (all.size >= MAXIMUM_SERIES) {
        const others = Object.fromEntries(Object.keys(labels).map((name) => [name, OTHERS]));
        const shared = all.get(OTHERS) ?? { labels: others, series: make() };
        all.set(OTHERS, shared);
        return shared.series;
      }
      const created = { labels, series: make() };
      all.set(key, created);
      return created.series;
    },
    list: () => [...all.values()],
  };
}
