import type { PlatformStatus } from '@switchyard/contracts';
import { type Alert, createAlertTracker, findAlerts, type PlatformHealth } from '../alerts/find-alerts.ts';
import type { GatewayDirectory } from '../gateways/gateway-directory.ts';
import { askHealth, type HealthSource, type ShippingStatus } from './platform-health.ts';

export interface StatusMonitor {
  health(): Promise<PlatformHealth>;
  alerts(): Promise<Alert[]>;
  stop(): void;
}

/** Looks every few seconds on its own, so that an alert is told while nobody asks, and says since when it has been there. */
export function startStatusMonitor(options: {
  readonly stores: readonly HealthSource[];
  readonly shipping: () => ShippingStatus;
  readonly gateways: GatewayDirectory;
  readonly now: () => Date;
  readonly onAlertChanged: (id: string) => void;
  readonly everyMs: number;
}): StatusMonitor {
  const tracker = createAlertTracker({ now: options.now, onChanged: options.onAlertChanged });
  const health = async (): Promise<PlatformHealth> => {
    const stores: PlatformStatus['stores'] = await askHealth(options.stores);
    return { stores, shipping: options.shipping(), gateways: options.gateways.list() };
  };
  const alerts = async () => tracker.update(findAlerts(await health()));
  let looking = false;
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    alerts().finally(() => {
      looking = false;
    });
  }, options.everyMs);
  timer.unref();
  return { health, alerts, stop: () => clearInterval(timer) };
}
