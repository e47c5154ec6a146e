import type { ControlHandlers } from '../server/handler.ts';
import type { SnapshotPublisher } from '../snapshot/snapshot-publisher.ts';
import type { StatusMonitor } from './status-monitor.ts';

export function createStatusHandlers(dependencies: {
  readonly monitor: StatusMonitor;
  readonly snapshots: SnapshotPublisher;
  readonly version: string;
  readonly startedAt: Date;
  readonly gatewayUrl: string;
}): Pick<ControlHandlers, 'getStatus' | 'listAlerts'> {
  const { monitor, snapshots, version, startedAt, gatewayUrl } = dependencies;
  return {
    listAlerts: async () => ({ items: await monitor.alerts() }),
    getStatus: async () => {
      const { version: snapshotVersion, hash, createdAt } = snapshots.current();
      return {
        version,
        startedAt: startedAt.toISOString(),
        snapshot: { version: snapshotVersion, hash, createdAt },
        gatewayUrl,
        ...(await monitor.health()),
      };
    },
  };
}
