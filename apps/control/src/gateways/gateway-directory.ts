import type { GatewayStatus, gatewayViewSchema } from '@switchyard/contracts';
import type { z } from 'zod';

export type GatewayView = z.infer<typeof gatewayViewSchema>;

const REACHABLE_MS = 10_000;
const FORGET_MS = 3_600_000;
const MAXIMUM_GATEWAYS = 1_000;

/** What gateways said about themselves last. Lives in memory: within seconds of a restart they have all said it again. */
export interface GatewayDirectory {
  report(status: GatewayStatus): void;
  list(): GatewayView[];
}

export function createGatewayDirectory(options: {
  readonly now: () => Date;
  /** Called when something changed that people look at, not at each report. */
  readonly onChanged: (id: string) => void;
}): GatewayDirectory {
  const seen = new Map<string, { readonly status: GatewayStatus; readonly at: Date }>();

  const forget = (now: Date) => {
    for (const [id, { status, at }] of seen) {
      const silentMs = now.getTime() - at.getTime();
      // One that said it is going and then fell silent is gone, not lost.
      if (silentMs > FORGET_MS || (status.state === 'draining' && silentMs > REACHABLE_MS)) seen.delete(id);
    }
  };

  return {
    report: (status) => {
      const before = seen.get(status.id);
      const at = options.now();
      if (!before && seen.size >= MAXIMUM_GATEWAYS) forget(at);
      if (!before && seen.size >= MAXIMUM_GATEWAYS) return;
      seen.set(status.id, { status, at });
      if (!before || visibleState(before.status) !== visibleState(status)) options.onChanged(status.id);
    },
    list: () => {
      const now = options.now();
      forget(now);
      return [...seen.values()]
        .map(({ status, at }) => ({
          ...status,
          lastSeenAt: at.toISOString(),
          reachable: now.getTime() - at.getTime() <= REACHABLE_MS,
        }))
        .sort((a, b) => (a.id < b.id ? -1 : 1));
    },
  };
}

function visibleState(status: GatewayStatus): string {
  const { state, snapshot, snapshotError, pid, models, log } = status;
  const loaded = models.map((model) => [model.model, model.version, model.state]);
  return JSON.stringify([state, snapshot, snapshotError, pid, loaded, log.writable]);
}
