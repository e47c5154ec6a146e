import type { PlatformStatus } from '@switchyard/contracts';

export type StoreHealth = PlatformStatus['stores'][number];
export type ShippingStatus = PlatformStatus['shipping'];

/** A store whose health can be asked for. */
export interface HealthSource {
  readonly port: string;
  readonly engine: string;
  readonly health: () => Promise<{ readonly healthy: boolean; readonly detail: string }>;
}

const DEADLINE_MS = 2_000;

/** Asks all at once; one that does not answer in time is unhealthy. Never rejects. */
export async function askHealth(sources: readonly HealthSource[]): Promise<StoreHealth[]> {
  return Promise.all(
    sources.map(async ({ port, engine, health }) => {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<{ healthy: boolean; detail: string }>((resolve) => {
        timer = setTimeout(() => resolve({ healthy: false, detail: 'did not answer within 2 s' }), DEADLINE_MS);
      });
      try {
        const { healthy, detail } = await Promise.race([health(), late]);
        return { port, engine, healthy, detail };
      } catch {
        return { port, engine, healthy: false, detail: 'failed to answer' };
      } finally {
        clearTimeout(timer);
      }
    }),
  );
}
