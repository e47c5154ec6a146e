import { wilsonInterval } from '@switchyard/charts/prepare';
import type { Overview, PeriodSummary, PlatformStatus } from '@switchyard/contracts';
import { formatCount, formatMicros, formatPercent, plural } from '../format/format.ts';

export type HealthLevel = 'healthy' | 'idle' | 'degraded' | 'critical' | 'unknown';

export interface HealthAction {
  readonly label: string;
  readonly to: '/models' | '/endpoints' | '/predictions' | '/';
  readonly search?: Readonly<Record<string, string>>;
}

export interface Finding {
  readonly level: HealthLevel;
  readonly sentence: string;
  readonly reason: string;
  readonly action?: HealthAction;
}

export interface Verdict extends Finding {
  /** What else was found, worst first. */
  readonly others: readonly Finding[];
}

export interface HealthInput {
  readonly status: PlatformStatus | undefined;
  readonly statusError: string | undefined;
  readonly alerts: readonly { severity: 'info' | 'warning' | 'critical'; title: string; detail: string }[];
  readonly overview: Overview | undefined;
  readonly endpointCount: number | undefined;
  readonly modelCount: number | undefined;
  /** Unix milliseconds */
  readonly now: number;
}

const ORDER: readonly HealthLevel[] = ['critical', 'degraded', 'unknown', 'idle', 'healthy'];
const FEW_ARRIVALS = 50;
const SHIPPING_LATE_MS = 60_000;
const FEW_LABELS = 50;

/** Is everything healthy? The worst finding is the answer; each says why and what to do next. */
export function judgeHealth(input: HealthInput): Verdict {
  const findings = [...judgePlatform(input), ...judgeAlerts(input), ...judgeTraffic(input.overview)];
  findings.sort((a, b) => ORDER.indexOf(a.level) - ORDER.indexOf(b.level));
  const [worst, ...others] = findings;
  if (worst !== undefined) return { ...worst, others };
  return { ...judgeQuiet(input), others: [] };
}

function* judgePlatform({ status, statusError, now }: HealthInput): Generator<Finding> {
  if (status === undefined) {
    if (statusError !== undefined) {
      yield {
        level: 'critical',
        sentence: 'The health of the platform cannot be read.',
        reason: `${statusError} Gateways keep answering with what they have; this page cannot see them.`,
      };
    }
    return;
  }
  if (statusError !== undefined) {
    yield {
      level: 'unknown',
      sentence: 'The control plane stopped answering.',
      reason: 'What is shown is the last that was known.',
    };
  }
  const reachable = status.gateways.filter((gateway) => gateway.reachable);
  if (status.gateways.length === 0 || reachable.length === 0) {
    yield {
      level: 'critical',
      sentence: 'No gateway is reporting.',
      reason:
        'Predictions are not answered, or gateways cannot reach the control plane. Look at the gateway process and its log.',
    };
  } else if (reachable.length < status.gateways.length) {
    const gone = status.gateways.filter((gateway) => !gateway.reachable).map((gateway) => gateway.id);
    yield {
      level: 'degraded',
      sentence: `${plural(gone.length, 'gateway')} stopped reporting.`,
      reason: gone.join(', '),
    };
  }
  for (const gateway of reachable) {
    if (!gateway.log.writable) {
      yield {
        level: 'critical',
        sentence: `${gateway.id} cannot write its prediction log.`,
        reason: 'Endpoints refuse or answer unlogged, as they are set. Free disk space or fix the data directory.',
      };
    }
    const failed = gateway.models.filter((model) => model.state === 'failed');
    if (gateway.snapshotError !== null) {
      yield {
        level: 'degraded',
        sentence: `${gateway.id} keeps serving the previous version of things.`,
        reason: gateway.snapshotError,
        action: { label: 'Look at endpoints', to: '/endpoints' },
      };
    } else if (failed[0] !== undefined) {
      yield {
        level: 'degraded',
        sentence: `${plural(failed.length, 'model version')} failed to load.`,
        reason: `${failed[0].model} v${failed[0].version}: ${failed[0].error ?? 'no reason given'}`,
        action: { label: 'Look at models', to: '/models' },
      };
    }
  }
  for (const store of status.stores) {
    if (store.healthy) continue;
    yield {
      level: 'critical',
      sentence: `The ${store.port} store (${store.engine}) does not answer.`,
      reason: store.detail === '' ? 'Predictions are still answered and logged.' : store.detail,
    };
  }
  const { pendingSegments, quarantinedSegments, lastShippedAt, problem } = status.shipping;
  if (quarantinedSegments > 0) {
    yield {
      level: 'degraded',
      sentence: `${plural(quarantinedSegments, 'log segment')} could not be read.`,
      reason: 'They were set aside; their predictions are missing from every number here.',
    };
  }
  const lateMs = lastShippedAt === null ? now - Date.parse(status.startedAt) : now - Date.parse(lastShippedAt);
  if (pendingSegments > 0 && lateMs > SHIPPING_LATE_MS) {
    yield {
      level: 'degraded',
      sentence: 'The prediction log is not reaching the analytics store.',
      reason: `${plural(pendingSegments, 'segment')} waiting for ${Math.round(lateMs / 1_000)} s. Nothing is lost; numbers here are late${problem === null ? '' : `: ${problem}`}.`,
    };
  }
}

function* judgeAlerts({ alerts }: HealthInput): Generator<Finding> {
  for (const alert of alerts) {
    if (alert.severity === 'info') continue;
    yield {
      level: alert.severity === 'critical' ? 'critical' : 'degraded',
      sentence: alert.title,
      reason: alert.detail,
    };
  }
}

function* judgeTraffic(overview: Overview | undefined): Generator<Finding> {
  if (overview === undefined) return;
  const { current, previous } = overview;
  const arrived = current.predictions + current.rejected;
  // What was refused left no prediction to look at.
  const errors: { action?: HealthAction } =
    current.failed === 0
      ? {}
      : { action: { label: 'See the failed ones', to: '/predictions', search: { status: 'error' } } };
  const rate = current.errorRate;
  if (rate !== null && arrived >= FEW_ARRIVALS) {
    const reason = `${plural(current.failed, 'prediction')} failed and ${formatCount(current.rejected)} were refused, of ${formatCount(arrived)}.`;
    if (rate >= 0.05) {
      yield { level: 'critical', sentence: `${formatPercent(rate)} of requests fail.`, reason, ...errors };
    } else if (rate >= 0.01 && rate > 2 * (previous.errorRate ?? 0)) {
      const sentence = `Errors ${previous.errorRate === null ? 'are at' : 'rose to'} ${formatPercent(rate)}.`;
      yield { level: 'degraded', sentence, reason, ...errors };
    }
  }
  const before = previous.p99LatencyMicros;
  const tail = current.p99LatencyMicros;
  if (tail !== null && before !== null && tail > 10_000 && tail > 2 * before && current.predictions >= FEW_ARRIVALS) {
    yield {
      level: 'degraded',
      sentence: 'Answers became slow.',
      reason: `The slowest 1 % take ${formatMicros(tail)}, against ${formatMicros(before)} in the period before.`,
      action: { label: 'See predictions', to: '/predictions' },
    };
  }
  if (accuracyFell(current, previous)) {
    yield {
      level: 'degraded',
      sentence: `Accuracy fell to ${formatPercent(current.accuracy)}.`,
      reason: `It was ${formatPercent(previous.accuracy)} in the period before; their 95 % intervals do not overlap.`,
      action: { label: 'See the wrong ones', to: '/predictions', search: { outcome: 'wrong' } },
    };
  }
}

function accuracyFell(current: PeriodSummary, previous: PeriodSummary): boolean {
  if (current.accuracy === null || previous.accuracy === null) return false;
  if (current.labelled < FEW_LABELS || previous.labelled < FEW_LABELS) return false;
  const now = wilsonInterval(current.accuracy, current.labelled);
  const before = wilsonInterval(previous.accuracy, previous.labelled);
  return now !== null && before !== null && now.upper < before.lower;
}

function judgeQuiet({ status, overview, endpointCount, modelCount }: HealthInput): Finding {
  if (status === undefined || overview === undefined || endpointCount === undefined) {
    return { level: 'unknown', sentence: 'Looking…', reason: 'Waiting for the first numbers.' };
  }
  if (endpointCount === 0) {
    return modelCount === 0
      ? {
          level: 'idle',
          sentence: 'Ready, and nothing is deployed yet.',
          reason: 'There is no model. Create one, upload a version, deploy it.',
          action: { label: 'Create a model', to: '/models' },
        }
      : {
          level: 'idle',
          sentence: 'Ready, and no endpoint answers yet.',
          reason: 'Deploy a version of a model to an endpoint that clients can call.',
          action: { label: 'Choose a model', to: '/models' },
        };
  }
  const gateways = status.gateways.filter((gateway) => gateway.reachable).length;
  const all = status.gateways.length;
  const serving =
    all === 1 && gateways === 1
      ? `the gateway serves snapshot ${status.snapshot.version}`
      : `${gateways} of ${plural(all, 'gateway')} serve snapshot ${status.snapshot.version}`;
  const { current } = overview;
  if (current.predictions + current.rejected === 0) {
    return {
      level: 'idle',
      sentence: 'Healthy, without traffic in this range.',
      reason: `${serving}.`,
      action: { label: 'How to call an endpoint', to: '/endpoints' },
    };
  }
  return {
    level: 'healthy',
    sentence: 'Everything is healthy.',
    reason: `${plural(current.predictions, 'prediction')}, ${formatPercent(current.errorRate, 2)} errors, the slowest 1 % above ${formatMicros(current.p99LatencyMicros)}; ${serving}.`,
  };
}
