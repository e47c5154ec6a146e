import type { RemoteState } from '@switchyard/runtimes';
import { renderHistograms, renderSamples, type Sample } from './prometheus-text.ts';

export interface RemoteModel {
  readonly model: string;
  readonly version: string;
  readonly remote: RemoteState;
}

/** Lines of /metrics about models that other servers run; empty when there are none. */
export function renderUpstreamMetrics(models: readonly RemoteModel[]): string {
  const all = models.map(({ model, version, remote }) => ({ labels: { model, version }, remote, pool: remote.pool() }));
  const each = (value: (item: (typeof all)[number]) => number): Sample[] =>
    all.map((item) => ({ labels: item.labels, value: value(item) }));
  return [
    renderSamples(
      'switchyard_upstream_up',
      'gauge',
      '1 while the model server says that the model is ready.',
      each(({ remote }) => (remote.health().state === 'up' ? 1 : 0)),
    ),
    renderSamples(
      'switchyard_upstream_calls_total',
      'counter',
      'Calls of model servers.',
      each(({ remote }) => remote.counters.calls),
    ),
    renderSamples(
      'switchyard_upstream_rows_total',
      'counter',
      'Rows of these calls.',
      each(({ remote }) => remote.counters.rows),
    ),
    renderSamples(
      'switchyard_upstream_failures_total',
      'counter',
      'Calls that failed, by reason.',
      all.flatMap(({ labels, remote }) =>
        Object.entries(remote.counters.failures).map(([reason, value]) => ({ labels: { ...labels, reason }, value })),
      ),
    ),
    renderSamples(
      'switchyard_upstream_retries_total',
      'counter',
      'Calls sent again because an idle connection had been closed.',
      each(({ remote }) => remote.counters.retries),
    ),
    renderSamples(
      'switchyard_upstream_failed_probes_total',
      'counter',
      'Readiness probes that failed.',
      each(({ remote }) => remote.counters.failedProbes),
    ),
    renderHistograms(
      'switchyard_upstream_call_seconds',
      'Calls that were answered well, from sending to the checked answer.',
      all.map(({ labels, remote }) => ({ labels, histogram: remote.counters.latency })),
      1_000_000,
    ),
    renderSamples(
      'switchyard_upstream_connections',
      'gauge',
      'Open connections.',
      each(({ pool }) => pool.open),
    ),
    renderSamples(
      'switchyard_upstream_calls_in_flight',
      'gauge',
      'Calls under way.',
      each(({ pool }) => pool.inUse),
    ),
    renderSamples(
      'switchyard_upstream_calls_limit',
      'gauge',
      'Most calls under way at once.',
      each(({ pool }) => pool.limit),
    ),
    renderSamples(
      'switchyard_upstream_calls_waiting',
      'gauge',
      'Calls that wait for others to end.',
      each(({ pool }) => pool.waiting),
    ),
  ].join('');
}
