import type { alertSchema, PlatformStatus } from '@switchyard/contracts';
import type { z } from 'zod';
import type { GatewayView } from '../gateways/gateway-directory.ts';

export type Alert = z.infer<typeof alertSchema>;
type Finding = Omit<Alert, 'since'>;

export type PlatformHealth = Pick<PlatformStatus, 'stores' | 'shipping' | 'gateways'>;

/** Above this, shipping is behind rather than busy: a segment is at most a second old when it is sealed. */
const PENDING_SEGMENTS = 100;

/** What is wrong now, worst first. Says only what was observed; nothing observed, nothing said. */
export function findAlerts(health: PlatformHealth): Finding[] {
  const findings = [
    ...health.stores
      .filter((store) => !store.healthy)
      .map(
        (store): Finding => ({
          id: `store-${store.port}`,
          severity: 'critical',
          title: `The ${store.port} store does not work`,
          detail: `${store.engine}: ${store.detail}`,
        }),
      ),
    ...health.gateways.flatMap(gatewayFindings),
    ...shippingFindings(health.shipping),
  ];
  const order = { critical: 0, warning: 1, info: 2 };
  return findings.sort((a, b) => order[a.severity] - order[b.severity] || (a.id < b.id ? -1 : 1));
}

function gatewayFindings(gateway: GatewayView): Finding[] {
  if (!gateway.reachable) {
    return [
      {
        id: `gateway-unreachable-${gateway.id}`,
        severity: 'critical',
        title: `${gateway.id} does not report`,
        detail: `Last heard of at ${gateway.lastSeenAt}.`,
      },
    ];
  }
  const findings: Finding[] = [];
  if (!gateway.log.writable) {
    findings.push({
      id: `log-not-writable-${gateway.id}`,
      severity: 'critical',
      title: `${gateway.id} cannot write the prediction log`,
      detail: 'Endpoints refuse predictions or answer them unlogged, as each is set up.',
    });
  }
  if (gateway.snapshotError !== null) {
    findings.push({
      id: `snapshot-refused-${gateway.id}`,
      severity: 'critical',
      title: `${gateway.id} cannot serve the newest snapshot`,
      detail: `It keeps serving the one before. ${gateway.snapshotError}`,
    });
  }
  const failed = gateway.models.filter((model) => model.state === 'failed');
  for (const model of failed) {
    findings.push({
      id: `model-failed-${gateway.id}-${model.model}-${model.version}`,
      severity: 'warning',
      title: `${gateway.id} could not load ${model.model} version ${model.version}`,
      detail: model.error ?? 'No reason was given.',
    });
  }
  return findings;
}

function shippingFindings(shipping: PlatformStatus['shipping']): Finding[] {
  const findings: Finding[] = [];
  if (shipping.quarantinedSegments > 0) {
    findings.push({
      id: 'segments-quarantined',
      severity: 'warning',
      title: 'Parts of the prediction log could not be read',
      detail: `${shipping.quarantinedSegments} segments were set aside; their predictions cannot be queried.`,
    });
  }
  if (shipping.pendingSegments > PENDING_SEGMENTS) {
    findings.push({
      id: 'shipping-behind',
      severity: 'warning',
      title: 'New predictions become visible late',
      detail: `${shipping.pendingSegments} segments of the prediction log wait to be shipped${shipping.problem === null ? '' : `: ${shipping.problem}`}.`,
    });
  }
  return findings;
}

/** Remembers since when each alert has been there. */
export interface AlertTracker {
  update(findings: readonly Finding[]): Alert[];
}

export function createAlertTracker(options: {
  readonly now: () => Date;
  /** An alert came or went. */
  readonly onChanged: (id: string) => void;
}): AlertTracker {
  let since = new Map<string, string>();
  return {
    update: (findings) => {
      const now = options.now().toISOString();
      const before = since;
      since = new Map(findings.map((finding) => [finding.id, before.get(finding.id) ?? now]));
      for (const id of since.keys()) if (!before.has(id)) options.onChanged(id);
      for (const id of before.keys()) if (!since.has(id)) options.onChanged(id);
      return findings.map((finding) => ({ ...finding, since: since.get(finding.id) ?? now }));
    },
  };
}
