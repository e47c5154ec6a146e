import type { RejectionRecord } from '@switchyard/contracts';
import type { GatewayMetrics } from '../metrics/gateway-metrics.ts';
import type { LogSink } from './outbox.ts';

export interface RejectionCounter {
  /** @param endpoint a name the snapshot knows, else '' */
  count(endpoint: string, code: string): void;
  /** Writes what was counted; keeps it when the log cannot be written. */
  flush(): void;
}

/** Counts refused requests a second, endpoint and code, and writes them to the log as one line each. */
export function createRejectionCounter(
  log: LogSink,
  metrics: GatewayMetrics,
  gateway: string,
  now: () => number = Date.now,
): RejectionCounter {
  const records = new Map<string, RejectionRecord>();
  return {
    count(endpoint, code) {
      metrics.countRejection(endpoint, code);
      const at = Math.floor(now() / 1_000) * 1_000;
      const key = `${at}\n${endpoint}\n${code}`;
      const record = records.get(key);
      if (record === undefined) records.set(key, { t: 'r', at, gateway, endpoint, code, count: 1 });
      else record.count += 1;
    },
    flush() {
      if (records.size === 0) return;
      try {
        log.write([...records.values()].map((record) => JSON.stringify(record)));
        records.clear();
      } catch {
        // Counted again as failures of the log by everybody who answers; these wait for the next second.
        if (records.size > 10_000) records.clear();
      }
    },
  };
}
